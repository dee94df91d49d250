import Autograd
import TestSupport
import Testing

/// Attention on the emulated GPU beside the processor's.
@Suite struct CUDAAttentionTests {
  private static let asOneOperation = "ScaledDotProductEfficientAttentionBackward0"

  /// The result of an attention and the gradients of its inputs.
  private func evaluated(
    _ draws: DrawnTensors, _ shapes: [[Int]], _ dtype: DataType = .float32, mask: Tensor? = nil, isCausal: Bool = false
  ) throws -> [Tensor] {
    let inputs = shapes.map { draws.normal($0, dtype) }
    let result = scaledDotProductAttention(inputs[0], inputs[1], inputs[2], mask: mask, isCausal: isCausal)
    if draws.device != .cpu { #expect(result.gradientFunction?.name == Self.asOneOperation) }
    return try [result.detached()] + gradients(of: result, inputs, draws)
  }

  /// Rows that fill a vector, a warp and a block, and those that do not.
  @Test(arguments: [(1, 1), (3, 5), (33, 130), (70, 31)], [DataType.float32, .float64])
  func attention(of sizes: (Int, Int), dtype: DataType) throws {
    let (queries, keys) = sizes
    let shapes = [[2, 3, queries, 8], [2, 3, keys, 8], [2, 3, keys, 4]]
    let tolerance = dtype == .float64 ? 1e-13 : 1e-5
    func expectSameAttention(_ what: String, isCausal: Bool = false, mask: ((DrawnTensors) -> Tensor)? = nil) throws {
      try expectSame("\(sizes), \(what)", within: tolerance) { draws in
        try evaluated(draws, shapes, dtype, mask: mask?(draws), isCausal: isCausal)
      }
    }
    try expectSameAttention("all visible")
    try expectSameAttention("causal", isCausal: true)
    try expectSameAttention("keys hidden by batch") { $0.integers(0..<4, [2, 1, 1, keys]) .> 0 }
    try expectSameAttention("places hidden by head") { $0.integers(0..<2, [3, queries, keys]) .> 0 }
    try expectSameAttention("all places of some queries hidden") { $0.integers(0..<2, [queries, 1]) .> 0 }
    try expectSameAttention("numbers added") { $0.normal([queries, keys], dtype).detached() }
    try expectSameAttention("numbers added by batch, some infinite") { draws in
      let hidden = draws.integers(0..<3, [2, 1, queries, keys]) .> 0
      return draws.normal([2, 1, queries, keys], dtype).detached().filled(with: -.infinity, where: hidden)
    }
  }

  /// Heads found in the rows of projections, of which rows of 5 elements begin at places that cuBLAS does not take.
  @Test(arguments: [4, 8, 5], [false, true])
  func headsOfALayer(size: Int, isCausal: Bool) throws {
    let model = MultiHeadAttention(3 * size, heads: 3, generator: RandomGenerator(seed: 4))
    try expectSame("heads of \(size)", within: 1e-5) { draws in
      model.parameters.forEach { $0.grad = nil }
      model.to(draws.device)
      let x = draws.normal([2, 21, 3 * size])
      let (packed, separate) = (model(x, mask: nil, isCausal: isCausal), model(x, x, x, isCausal: isCausal))
      return try [packed.detached(), separate.detached()]
        + gradients(of: packed + separate, [x] + model.parameters, draws)
    }
  }

  /// Rows of 6 and 5 elements, which do not begin where cuBLAS takes matrices: those of a later block, and of results.
  @Test func rowsAnywhereInMemory() throws {
    try expectSame("a later block of rows of 6", within: 1e-5) { draws in
      let x = draws.normal([2, 2100, 6])
      let y = scaledDotProductAttention(x, x, x)
      return try [y.detached()] + gradients(of: y, [x], draws)
    }
    try expectSame("results of 5", within: 1e-5) { draws in
      let inputs = [[2, 3, 4], [2, 4, 4], [2, 4, 5]].map { draws.normal($0) }
      let y = scaledDotProductAttention(inputs[0], inputs[1], inputs[2])
      return try [y.detached()] + gradients(of: y, inputs, draws)
    }
  }

  /// Of one head more scores than are computed at a time, and of a causal attention queries that see fewer keys.
  @Test(arguments: [(2100, 2100, false), (1100, 1100, true), (1100, 700, true), (600, 1100, true)])
  func blocks(of sizes: (queries: Int, keys: Int, isCausal: Bool)) throws {
    try expectSame("\(sizes)", within: 1e-5) { draws in
      try evaluated(
        draws, [[2, sizes.queries, 4], [2, sizes.keys, 4], [2, sizes.keys, 4]], isCausal: sizes.isCausal)
    }
  }

  @Test func aKeyIsHiddenWhateverItsProductIs() throws {
    let device = try EmulatedGPU.device()
    func onDevice(_ rows: [[Double]]) -> Tensor { Tensor(rows).cast(to: .float32).to(device) }
    let (q, k) = (onDevice([[1e20, 0, 0, 0]]), onDevice([[1e20, 0, 0, 0], [1, 0, 0, 0]]))
    let v = onDevice([[1, 0, 0, 0], [2, 0, 0, 0]])
    for mask in [onDevice([[-.infinity, 0]]), Tensor([[false, true]]).to(device)] {
      #expect(scaledDotProductAttention(q, k, v, mask: mask).array(of: Float.self) == [2, 0, 0, 0])
    }
  }

  /// A gradient of a part of a tensor, which begins where cuBLAS takes no matrix.
  @Test func aGradientAnywhereInMemory() throws {
    try expectSame("a part", within: 1e-5) { draws in
      let x = draws.normal([3, 4])
      let y = Tensor.concatenated([draws.normal([1]), scaledDotProductAttention(x, x, x).flattened()], dimension: 0)
      return try gradients(of: y, [x], draws)
    }
  }

  /// Recorded work finds its heads each time, of one block and of several, whatever was computed in between.
  @Test(arguments: [9, 1100])
  func recordedWork(queries: Int) throws {
    let device = try EmulatedGPU.device()
    let inputs = (0..<3).map { Tensor.randn([2, queries, 4], generator: RandomGenerator(seed: UInt64($0))).to(device) }
    for x in inputs { x.requiresGrad = true }
    func compute() throws -> [Tensor] {
      for x in inputs { x.grad = nil }
      // What comes first uses memory of the size of addresses, and it is free again when the attention begins.
      let shift = noGrad { (0..<8).reduce(inputs[0].mean()) { shift, _ in (shift + 0.5).tanh() } }
      let x = inputs[0] + shift
      let y = scaledDotProductAttention(x, inputs[1], inputs[2], isCausal: true)
      try (y * y).sum().backward()
      return try [y.detached()] + inputs.map { try #require($0.grad) }
    }
    var results: [Tensor] = []
    let work = try RecordedWork(on: device) { results = try compute() }
    for _ in 0..<3 {
      work.run()
      let found = results.map { $0.array(of: Float.self) }
      let gradients = inputs.map(\.grad)
      #expect(try compute().map { $0.array(of: Float.self) } == found)
      for (x, gradient) in zip(inputs, gradients) { x.grad = gradient }
      try noGrad { for x in inputs { try x += 0.25 } }
    }
  }

  @Test func derivativesOfGradients() throws {
    try expectSame("second derivatives", within: 1e-12) { draws in
      let x = draws.normal([2, 5, 4], .float64)
      let y = scaledDotProductAttention(x, x, x, isCausal: true)
      let first = try Autograd.gradients(of: (y * y).sum(), withRespectTo: [x], createGraph: true)
      return try gradients(of: first[0], [x], draws)
    }
  }

  /// Copies from the processor would keep a step from being recorded.
  @Test(arguments: [0, 0.5])
  func aCausalAttentionCopiesNothing(dropout: Double) throws {
    let device = try EmulatedGPU.device()
    let x = Tensor.randn([2, 9, 4]).to(device)
    x.requiresGrad = true
    let before = RecordedWork.transferCount
    try scaledDotProductAttention(x, x, x, isCausal: true, dropout: dropout).sum().backward()
    #expect(RecordedWork.transferCount == before)
  }

  @Test(arguments: [ProductPrecision.tf32, .bfloat16])
  func roundedProducts(_ precision: ProductPrecision) throws {
    let device = try EmulatedGPU.device()
    let x = Tensor.randn([2, 40, 8], generator: RandomGenerator(seed: 2)).to(device)
    x.requiresGrad = true
    func evaluated(_ precision: ProductPrecision) throws -> [Tensor] {
      x.grad = nil
      return try withProductPrecision(precision) {
        let y = scaledDotProductAttention(x, x, x)
        try (y * x.detached()).sum().backward()
        return try [y.detached(), #require(x.grad)]
      }
    }
    let most = precision == .tf32 ? 0.01 : 0.1
    for (exact, rounded) in zip(try evaluated(.float32), try evaluated(precision)) {
      let distance = (rounded - exact).abs().maximum().item()
      #expect(distance > 1e-5 && distance < most)
    }
  }
}
