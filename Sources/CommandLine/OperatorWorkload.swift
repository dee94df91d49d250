import Autograd

/// An operator and inputs of a size that training meets, as `disttrain bench operators` measures it.
///
/// `Benchmarks/peers/operators_pytorch.py` has the same ones, by the same names.
struct OperatorWorkload {
  /// As `docs/autograd.md` calls it, with what tells it from others of the same name.
  let name: String
  /// Of the first input, or of what is computed from none.
  let shape: [Int]
  /// Makes the inputs, of which the first has the given shape. Gradients are taken for the leaves.
  let prepare: (_ shape: [Int]) -> (leaves: [Tensor], compute: () -> Tensor)

  init(
    _ name: String, _ shape: [Int], _ prepare: @escaping (_ shape: [Int]) -> (leaves: [Tensor], compute: () -> Tensor)
  ) {
    (self.name, self.shape, self.prepare) = (name, shape, prepare)
  }

  /// An operator of one tensor.
  init(
    _ name: String, _ shape: [Int], of draw: @escaping (_ shape: [Int]) -> Tensor = { Tensor.randn($0) },
    _ compute: @escaping (Tensor) -> Tensor
  ) {
    self.init(name, shape) { shape in
      let x = draw(shape)
      return ([x], { compute(x) })
    }
  }

  /// An operator of two tensors, the second of its own shape, or of the first's.
  init(_ name: String, _ shape: [Int], _ other: [Int]? = nil, _ compute: @escaping (Tensor, Tensor) -> Tensor) {
    self.init(name, shape) { shape in
      let (x, y) = (Tensor.randn(shape), Tensor.randn(other ?? shape))
      return ([x, y], { compute(x, y) })
    }
  }

  static var all: [Self] {
    elementwise + reductions + losses + normalizations + pictures + rearrangements + orders + products + draws
  }

  private static func positive(_ shape: [Int]) -> Tensor { .rand(shape, low: 0.5, high: 1.5) }

  private static var elementwise: [Self] {
    [
      .init("relu", [4096, 1024]) { $0.relu() },
      .init("gelu", [4096, 1024]) { $0.gelu() },
      .init("sigmoid", [4096, 1024]) { $0.sigmoid() },
      .init("tanh", [4096, 1024]) { $0.tanh() },
      .init("silu", [4096, 1024]) { $0.silu() },
      .init("softplus", [4096, 1024]) { $0.softplus() },
      .init("exp", [4096, 1024]) { $0.exp() },
      .init("log", [4096, 1024], of: positive) { $0.log() },
      .init("pow", [4096, 1024], of: positive) { $0.pow(1.5) },
      .init("clamped", [4096, 1024]) { $0.clamped(min: -1, max: 1) },
      .init("x+y", [4096, 1024]) { $0 + $1 },
      .init("x*y", [4096, 1024]) { $0 * $1 },
      .init("select", [4096, 1024]) { shape in
        let (x, y, isFirst) = (Tensor.randn(shape), Tensor.randn(shape), Tensor.randn(shape) .> 0)
        return ([x, y], { .select(isFirst, x, y) })
      },
      .init("dropout", [4096, 1024]) { $0.dropout(probability: 0.5) },
    ]
  }

  private static var reductions: [Self] {
    [
      .init("sum", [4096, 1024]) { $0.sum() },
      .init("mean-0", [4096, 1024]) { $0.mean([0]) },
      .init("mean-1", [4096, 1024]) { $0.mean([1]) },
      .init("norm", [4096, 1024]) { $0.norm() },
      .init("variance", [4096, 1024]) { $0.variance([1]) },
      .init("cumulativeSum", [4096, 1024]) { $0.cumulativeSum(1) },
      .init("cumulativeProduct", [4096, 1024], of: positive) { $0.cumulativeProduct(1) },
    ]
  }

  private static var losses: [Self] {
    [
      .init("softmax", [512, 10000]) { $0.softmax(1) },
      .init("logSoftmax", [512, 10000]) { $0.logSoftmax(1) },
      .init("crossEntropy", [512, 10000]) { shape in
        let (x, labels) = (Tensor.randn(shape), Tensor.randint(0..<shape[1], [shape[0]]))
        return ([x], { crossEntropy(x, labels) })
      },
      .init("binaryCrossEntropyWithLogits", [4096, 1024]) { shape in
        let (x, targets) = (Tensor.randn(shape), Tensor.rand(shape))
        return ([x], { binaryCrossEntropyWithLogits(x, targets) })
      },
      .init("huberLoss", [4096, 1024]) { shape in
        let (x, targets) = (Tensor.randn(shape), Tensor.randn(shape))
        return ([x], { huberLoss(x, targets) })
      },
    ]
  }

  private static var normalizations: [Self] {
    [
      normalization("layerNorm", [4096, 768], elements: 768) { $0.layerNorm([768], weight: $1, bias: $2) },
      normalization("batchNorm", [32, 64, 56, 56], elements: 64) { $0.batchNorm(weight: $1, bias: $2).output },
      normalization("groupNorm", [32, 64, 56, 56], elements: 64) { $0.groupNorm(8, weight: $1, bias: $2) },
    ]
  }

  private static func normalization(
    _ name: String, _ shape: [Int], elements: Int, _ compute: @escaping (Tensor, Tensor, Tensor) -> Tensor
  ) -> Self {
    .init(name, shape) { shape in
      let (x, weight, bias) = (Tensor.randn(shape), Tensor.ones([elements]), Tensor.zeros([elements]))
      return ([x, weight, bias], { compute(x, weight, bias) })
    }
  }

  private static var pictures: [Self] {
    [
      .init("conv2d", [8, 64, 56, 56], [64, 64, 3, 3]) { $0.conv2d($1, padding: (1, 1)) },
      .init("conv2d-stride-2", [8, 64, 56, 56], [64, 64, 3, 3]) { $0.conv2d($1, stride: (2, 2), padding: (1, 1)) },
      .init("conv2d-colors", [8, 3, 224, 224], [32, 3, 3, 3]) { $0.conv2d($1, stride: (2, 2), padding: (1, 1)) },
      .init("conv2d-depthwise", [8, 64, 56, 56], [64, 1, 3, 3]) { $0.conv2d($1, padding: (1, 1), groups: 64) },
      .init("maxPool2d", [32, 64, 56, 56]) { $0.maxPool2d((2, 2)) },
      .init("averagePool2d", [32, 64, 56, 56]) { $0.averagePool2d((2, 2)) },
      .init("resized", [8, 16, 32, 32]) { $0.resized(to: (64, 64), by: .bilinear()) },
      .init("sampled", [8, 16, 32, 32]) { shape in
        let (x, grid) = (Tensor.randn(shape), Tensor.rand([8, 32, 32, 2], low: -1, high: 1))
        return ([x, grid], { x.sampled(at: grid) })
      },
    ]
  }

  private static var rearrangements: [Self] {
    [
      .init("embedding", [50000, 256]) { shape in
        let (table, words) = (Tensor.randn(shape), Tensor.randint(0..<shape[0], [8192]))
        return ([table], { table.embedding(words) })
      },
      .init("gathered", [4096, 1024]) { shape in
        let (x, columns) = (Tensor.randn(shape), Tensor.randint(0..<shape[1], [shape[0], 256]))
        return ([x], { x.gathered(columns, along: 1) })
      },
      .init("concatenated-0", [4096, 512]) { .concatenated([$0, $1], dimension: 0) },
      .init("concatenated-1", [4096, 512]) { .concatenated([$0, $1], dimension: 1) },
      .init("permuted", [32, 128, 8, 64]) { $0.permuted([0, 2, 1, 3]) },
    ]
  }

  private static var orders: [Self] {
    [
      .init("sorted", [512, 1024]) { $0.sorted().values },
      .init("topK", [512, 1024]) { $0.topK(10).values },
    ]
  }

  private static var products: [Self] {
    [
      .init("matmul", [512, 512]) { $0.matmul($1) },
      .init("matmul-batched", [32, 128, 128]) { $0.matmul($1) },
      .init("LSTM", [64, 32, 128]) { shape in
        let (x, network) = (Tensor.randn(shape), LSTM(shape[2], 256))
        return ([x] + network.parameters, { network(x) })
      },
      .init("GRU", [64, 32, 128]) { shape in
        let (x, network) = (Tensor.randn(shape), GRU(shape[2], 256))
        return ([x] + network.parameters, { network(x) })
      },
      .init("scaledDotProductAttention", [8, 8, 128, 64]) { shape in
        let x = (0..<3).map { _ in Tensor.randn(shape) }
        return (x, { scaledDotProductAttention(x[0], x[1], x[2]) })
      },
    ]
  }

  private static var draws: [Self] {
    [
      .init("randn", [4096, 1024]) { shape in ([], { .randn(shape) }) },
      .init("Adam", [10_000_000]) { shape in
        let parameter = Parameter(.randn(shape))
        parameter.grad = .randn(shape)
        let optimizer = Adam([parameter])
        return (
          [],
          {
            optimizer.step()
            return parameter
          }
        )
      },
    ]
  }
}
