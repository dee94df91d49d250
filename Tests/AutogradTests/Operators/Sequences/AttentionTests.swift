import Autograd
import TestSupport
import Testing

/// Attention as one operation, beside its definition by products and a softmax.
@Suite struct AttentionTests {
  /// Sizes of one attention: several blocks of queries and of keys, parts of blocks, and single elements.
  struct Sizes: CustomTestStringConvertible, Sendable {
    var leading: [Int] = [2]
    let queries: Int
    let keys: Int
    var size = 5
    var valueSize = 3

    var testDescription: String { "\(leading) \(queries) × \(keys) of \(size) and \(valueSize)" }
    var shapes: [[Int]] { [leading + [queries, size], leading + [keys, size], leading + [keys, valueSize]] }
  }

  static let sizes = [
    Sizes(queries: 1, keys: 1), Sizes(queries: 3, keys: 5), Sizes(leading: [], queries: 64, keys: 128),
    Sizes(leading: [2, 3], queries: 65, keys: 129, size: 1, valueSize: 16), Sizes(queries: 200, keys: 300),
    Sizes(leading: [1], queries: 300, keys: 140, size: 32, valueSize: 32), Sizes(queries: 130, keys: 33),
  ]

  enum Visibility: String, CaseIterable, CustomTestStringConvertible {
    case all, causal, someKeys, somePlaces, added, addedInfinities

    var testDescription: String { rawValue }

    /// The mask that attention is given.
    func mask(_ s: Sizes, _ dtype: DataType) -> Tensor? {
      switch self {
      case .all, .causal: nil
      case .someKeys: Tensor.arange(s.keys) .!= 2
      // The first query sees nothing.
      case .somePlaces:
        Tensor.arange(s.queries).reshaped([s.queries, 1]) .> Tensor.arange(s.keys).reshaped([1, s.keys]) * 2
      case .added: AttentionTests.values(s.leading + [s.queries, s.keys], dtype, seed: 9) * 3
      case .addedInfinities:
        (AttentionTests.values([s.queries, s.keys], dtype, seed: 9) * 3)
          .filled(with: -.infinity, where: !Visibility.somePlaces.mask(s, dtype)!)
      }
    }

    /// What the definition adds to the products.
    func summand(_ s: Sizes, _ dtype: DataType) -> Tensor {
      let hidden =
        switch self {
        case .all: Tensor.zeros([1], dtype: .bool)
        case .causal: Tensor.arange(s.queries).reshaped([s.queries, 1]) .< Tensor.arange(s.keys).reshaped([1, s.keys])
        case .someKeys, .somePlaces: !mask(s, dtype)!
        case .added: Tensor.zeros([1], dtype: .bool)
        case .addedInfinities: mask(s, dtype)! .== -Double.infinity
        }
      let isAdded = self == .added || self == .addedInfinities
      let base = isAdded ? mask(s, dtype)! : .zeros([s.queries, s.keys], dtype: dtype)
      // So far below the others that it counts for nothing, and finite, so that a row of them has a softmax.
      return base.filled(with: -1e30, where: hidden)
    }
  }

  private static func values(_ shape: [Int], _ dtype: DataType, seed: Int) -> Tensor {
    Tensor.randn(shape, dtype: dtype, generator: RandomGenerator(seed: UInt64(seed)))
  }

  /// A result and the gradients of what it was made from.
  private static func evaluated(
    _ shapes: [[Int]], _ dtype: DataType, _ body: ([Tensor]) -> Tensor
  ) throws -> [Tensor] {
    let inputs = shapes.indices.map { values(shapes[$0], dtype, seed: $0) }
    for input in inputs { input.requiresGrad = true }
    let result = body(inputs)
    try (result * values(result.shape, dtype, seed: 7)).sum().backward()
    return [result.detached()] + inputs.map { $0.grad! }
  }

  private static func distance(_ a: Tensor, _ b: Tensor) -> Double {
    (a.cast(to: .float64) - b.cast(to: .float64)).abs().maximum().item()
  }

  @Test(arguments: sizes, Visibility.allCases)
  func isTheSoftmaxOfProducts(sizes s: Sizes, visibility: Visibility) throws {
    for (dtype, tolerance) in [(DataType.float64, 1e-12), (.float32, 2e-5)] {
      let found = try Self.evaluated(s.shapes, dtype) {
        scaledDotProductAttention(
          $0[0], $0[1], $0[2], mask: visibility.mask(s, dtype), isCausal: visibility == .causal, scale: 0.7)
      }
      let expected = try Self.evaluated(s.shapes, dtype) {
        let scores = ($0[0] * 0.7).matmul($0[1].transposed()) + visibility.summand(s, dtype)
        let weights = scores.softmax(-1).filled(with: 0, where: scores .< -1e29)
        return weights.matmul($0[2])
      }
      for (name, (found, expected)) in zip(["result", "queries", "keys", "values"], zip(found, expected)) {
        #expect(found.shape == expected.shape)
        #expect(Self.distance(found, expected) < tolerance, "\(name), \(dtype)")
      }
    }
  }

  /// A layer's heads are found in the rows of its projections, where one tensor has all three, or each is one.
  @Test(arguments: [1, 3, 70, 150], [false, true])
  func headsOfALayer(length: Int, isCausal: Bool) throws {
    let layer = MultiHeadAttention(12, heads: 3, dtype: .float64, generator: RandomGenerator(seed: 4))
    let mask = isCausal ? nil : Self.values([2, 1, length, length], .float64, seed: 5)
    func evaluated(_ body: (Tensor) -> Tensor) throws -> [Tensor] {
      layer.parameters.forEach { $0.grad = nil }
      return try Self.evaluated([[2, length, 12]], .float64) { body($0[0]) } + layer.parameters.map { $0.grad! }
    }
    let packed = try evaluated { layer($0, mask: mask, isCausal: isCausal) }
    let separate = try evaluated { layer($0, $0, $0, mask: mask, isCausal: isCausal) }
    let byHand = try evaluated { x in
      let projected = x.linear(layer.inProjectionWeight, bias: layer.inProjectionBias)
      let heads = (0..<3).map { head in
        let parts = (0..<3).map { part in
          projected.sliced(part * 12 + head * 4..<part * 12 + head * 4 + 4, along: 2)
        }
        return scaledDotProductAttention(
          parts[0], parts[1], parts[2], mask: mask?.selected(0, along: 1), isCausal: isCausal)
      }
      return layer.outProjection(Tensor.concatenated(heads, dimension: 2))
    }
    for (packed, (separate, byHand)) in zip(packed, zip(separate, byHand)) {
      #expect(Self.distance(packed, separate) < 1e-12)
      #expect(Self.distance(packed, byHand) < 1e-12)
    }
  }

  @Test func anyNumberOfThreadsGivesTheSameBits() throws {
    let shapes = [[5, 90, 16], [5, 200, 16], [5, 200, 16]]
    let results = try [1, 2, 3].map { threads in
      try LoopThreads.using(threads: threads) {
        try Self.evaluated(shapes, .float32) { scaledDotProductAttention($0[0], $0[1], $0[2]) }
          .flatMap { $0.array(of: Float.self) }
      }
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  /// By numbers and by truth values, whether or not the mask has a gradient, which takes another way.
  @Test func aKeyIsHiddenWhateverItsProductIs() {
    let (q, k, v) = (Tensor([[1e20]]), Tensor([[1e20], [1.0]]), Tensor([[1.0], [2.0]]))
    let added = Tensor([[-Double.infinity, 0]], dtype: .float32)
    let masks = [added, Tensor([[false, true]]), Tensor([[-Double.infinity, 0]], dtype: .float32)]
    masks[2].requiresGrad = true
    for mask in masks {
      #expect(scaledDotProductAttention(q, k, v, mask: mask).array(of: Float.self) == [2])
    }
  }

  @Test func aBroadcastBatchAndAMaskWithAGradient() throws {
    let bias = Self.values([4, 6], .float64, seed: 3)
    bias.requiresGrad = true
    let results = try Self.evaluated([[2, 4, 5], [6, 5], [6, 3]], .float64) {
      scaledDotProductAttention($0[0], $0[1], $0[2], mask: bias)
    }
    #expect(results.map(\.shape) == [[2, 4, 3], [2, 4, 5], [6, 5], [6, 3]])
    #expect(Self.distance(try #require(bias.grad).sum([1]), .zeros([4])) < 1e-12)
    #expect(try #require(bias.grad).norm().item() > 0.1)
  }

  /// As padding of what is made place by place: by truth values and by numbers, on devices and without the fused operation.
  @Test func aMaskAndTheOrderBothHide() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let x = Self.values([2, 3, 4], .float64, seed: 1).to(device)
      let isWord = Tensor([[true, true, false], [true, false, true]]).reshaped([2, 1, 3]).to(device)
      let causal = (Tensor.arange(3).unsqueezed(0) .<= Tensor.arange(3).unsqueezed(1)).to(device)
      let expected = scaledDotProductAttention(x, x, x, mask: isWord .& causal)
      #expect(Self.distance(scaledDotProductAttention(x, x, x, mask: isWord, isCausal: true), expected) == 0)
      let summand = Tensor.zeros([2, 1, 3], dtype: .float64, device: device).filled(with: -.infinity, where: .!isWord)
      #expect(Self.distance(scaledDotProductAttention(x, x, x, mask: summand, isCausal: true), expected) < 1e-12)
    }
  }

  @Test func aMaskThatChangesBeforeTheBackwardPassIsAnError() throws {
    let x = Self.values([3, 4], .float32, seed: 1)
    x.requiresGrad = true
    let mask = Tensor.zeros([3, 3])
    let loss = scaledDotProductAttention(x, x, x, mask: mask).sum()
    try mask.fill(1)
    let error = #expect(throws: AutogradError.self) { try loss.backward() }
    #expect(error?.description.contains("changed in place") == true)
  }

  @Test func roundedProductsAreThoseOfWholeTensors() {
    let x = Self.values([2, 40, 8], .float32, seed: 2)
    let (rounded, exact) = (
      withProductPrecision(.bfloat16) { scaledDotProductAttention(x, x, x) }, scaledDotProductAttention(x, x, x)
    )
    let distance = Self.distance(rounded, exact)
    #expect(distance > 1e-5 && distance < 0.05)
  }
}
