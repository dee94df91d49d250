import Autograd
import Testing

/// A linear layer and the activation behind it, computed as one operation, against the two after one another.
@Suite struct FusedLayerTests {
  private static let activations: [(name: String, layer: @Sendable () -> any Layer)] = [
    ("ReluBackward0", { ReLU() }), ("SigmoidBackward0", { Sigmoid() }), ("TanhBackward0", { Tanh() }),
    ("GeluBackward0", { GELU() }), ("GeluBackward0", { GELU(approximation: .tanh) }),
  ]

  private static func model(_ activation: any Layer, bias: Bool, dtype: DataType) -> Sequential {
    let generator = RandomGenerator(seed: 3)
    return Sequential(
      Linear(70, 90, bias: bias, dtype: dtype, generator: generator), activation,
      Linear(90, 5, dtype: dtype, generator: generator))
  }

  /// Result, gradient of the input, gradients of the parameters; all added up over two backward passes.
  private static func run(_ model: Sequential, _ shape: [Int], dtype: DataType, generic: Bool) throws -> [[Double]] {
    try Kernels.choosing(generic: generic) {
      model.parameters.forEach { $0.grad = nil }
      let x = Tensor.randn(shape, generator: RandomGenerator(seed: 5)).cast(to: dtype)
      x.requiresGrad = true
      var result = model(x)
      try (result ** 2).sum().backward()
      result = model(x)
      try result.sum().backward()
      return ([result, x.grad] + model.parameters.map(\.grad)).compactMap { $0?.array(of: Double.self) }
    }
  }

  @Test(arguments: activations.indices, [false, true])
  func agreesWithTwoOperations(index: Int, bias: Bool) throws {
    for dtype in [DataType.float32, .float64] {
      let model = Self.model(Self.activations[index].layer(), bias: bias, dtype: dtype)
      for shape in [[7, 70], [2, 3, 70], [70], [0, 70]] {
        let fused = try Self.run(model, shape, dtype: dtype, generic: false)
        let separate = try Self.run(model, shape, dtype: dtype, generic: true)
        #expect(fused.count == (bias ? 6 : 5))
        for (a, b) in zip(fused, separate) {
          let scale = b.map(abs).max() ?? 0
          for (x, y) in zip(a, b) { #expect(abs(x - y) <= (dtype == .float64 ? 1e-13 : 1e-5) * (1 + scale)) }
        }
      }
    }
  }

  @Test(arguments: activations.indices)
  func showsBothGradientFunctions(index: Int) {
    let (name, layer) = Self.activations[index]
    for bias in [false, true] {
      let x = Tensor.ones([2, 3], requiresGrad: true)
      let last = Sequential(Linear(3, 4, bias: bias), layer())((x * 2)).gradientFunction
      #expect(last?.name == name)
      #expect(last?.next.map { $0?.name } == [bias ? "AddmmBackward0" : "MmBackward0"])
      #expect(last?.next.first??.next.first??.name == "MulBackward0")
      #expect(last?.next.first??.next.count == (bias ? 3 : 2))
    }
  }

  @Test(arguments: activations.indices)
  func hasSecondDerivatives(index: Int) throws {
    let model = Self.model(Self.activations[index].layer(), bias: true, dtype: .float64)
    let x = Tensor.randn([2, 70], generator: RandomGenerator(seed: 1)).cast(to: .float64)
    x.requiresGrad = true
    func penalty(generic: Bool) throws -> [Tensor] {
      try Kernels.choosing(generic: generic) {
        let slopes = try gradients(of: (model(x) ** 2).sum(), withRespectTo: [x], createGraph: true)[0]
        return try gradients(of: (slopes ** 2).sum(), withRespectTo: [x, model.parameters[0], model.parameters[1]])
      }
    }
    for (fused, separate) in zip(try penalty(generic: false), try penalty(generic: true)) {
      for (a, b) in zip(fused.array(of: Double.self), separate.array(of: Double.self)) {
        #expect(abs(a - b) <= 1e-9 * (1 + abs(b)))
      }
    }
  }

  @Test func aResultChangedInPlaceIsNoticed() throws {
    let result = Sequential(Linear(3, 4), ReLU())(Tensor.ones([2, 3]))
    try noGrad { try result.fill(0) }
    #expect(throws: AutogradError.self) { try result.sum().backward() }
  }

  /// The slope of GELU takes what the linear layer gave, which nobody else has.
  @Test func aResultThatNoSlopeTakesMayChange() throws {
    let x = Tensor.ones([2, 3], requiresGrad: true)
    let layers = Sequential(Linear(3, 4, generator: RandomGenerator(seed: 1)), GELU())
    let expected = try gradients(of: layers(x).sum(), withRespectTo: [x])[0].array(of: Float.self)
    let result = layers(x)
    try noGrad { try result.fill(0) }
    #expect(try gradients(of: result.sum(), withRespectTo: [x])[0].array(of: Float.self) == expected)
  }
}
