import Autograd
import Testing
import TestSupport

/// A batch normalization computed with the ReLU behind it, or with a residual and a ReLU, against the operations after
/// one another.
@Suite struct FusedNormalizationTests {
  /// Rows and images, of odd sizes and of whole vectors; nothing; more columns than are computed together.
  static let shapes = [[5, 3], [300, 133], [4, 3, 5, 5], [2, 3, 7], [3, 2, 16, 16], [0, 3, 2, 2], [0, 3]]

  struct Variant: CustomStringConvertible, Sendable {
    var adds = false
    var affine = true
    var trains = true
    var dtype = DataType.float32

    var description: String { "adds: \(adds), affine: \(affine), trains: \(trains), \(dtype)" }

    static let all = [false, true].flatMap { adds in
      [false, true].flatMap { affine in
        [false, true].flatMap { trains in
          [DataType.float32, .float64].map { Variant(adds: adds, affine: affine, trains: trains, dtype: $0) }
        }
      }
    }
  }

  /// What two backward passes, added up, and two batches make of all that takes part; the same seed gives the same.
  static func results(_ shape: [Int], _ variant: Variant, on device: Device = .cpu, fused: Bool) throws -> [Tensor] {
    let generator = RandomGenerator(seed: 3)
    let norm =
      shape.count == 4
      ? BatchNorm2d(shape[1], affine: variant.affine, dtype: variant.dtype)
      : BatchNorm1d(shape[1], affine: variant.affine, dtype: variant.dtype)
    func normal(_ shape: [Int]) -> Tensor {
      Tensor.randn(shape, generator: generator).cast(to: variant.dtype).to(device)
    }
    func leaf(_ shape: [Int]) -> Tensor {
      let tensor = normal(shape)
      tensor.requiresGrad = true
      return tensor
    }
    try noGrad { for parameter in norm.parameters { try parameter.copyElements(from: normal(parameter.shape)) } }
    norm.to(device).train(variant.trains)
    let (x, residual, weights) = (leaf(shape), leaf(shape), normal(shape))
    let layers = Sequential(norm, ReLU())
    func output() -> Tensor {
      switch (fused, variant.adds) {
      case (true, true): norm.rectified(x, adding: residual)
      case (true, false): layers(x)
      case (false, true): (norm(x) + residual).relu()
      case (false, false): norm(x).relu()
      }
    }
    var y = output()
    try (y * weights).sum().backward()
    y = output()
    try (y ** 2).sum().backward()
    return [y, x.grad].compactMap { $0 } + [residual.grad].compactMap { $0 } + norm.parameters.compactMap(\.grad)
      + norm.namedBuffers().map(\.buffer)
  }

  static func expectSameBits(_ found: [Tensor], _ expected: [Tensor], _ what: String) {
    #expect(found.count == expected.count, "\(what)")
    for (place, (a, b)) in zip(found, expected).enumerated() {
      let (a, b) = (a.array(of: Double.self), b.array(of: Double.self))
      let same = a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
      #expect(same, "\(what), result \(place)")
    }
  }

  @Test(arguments: shapes, Variant.all)
  func hasTheBitsOfSeparateOperations(shape: [Int], variant: Variant) throws {
    let fused = try Self.results(shape, variant, fused: true)
    let separate = try Self.results(shape, variant, fused: false)
    #expect(fused.count == 2 + (variant.adds ? 1 : 0) + (variant.affine ? 2 : 0) + 3)
    Self.expectSameBits(fused, separate, "\(shape), \(variant)")
  }

  /// Biases that bring an element of every channel to within rounding of 0, where another rounding has another sign.
  static func expectSameSigns(_ shape: [Int], _ dtype: DataType, on device: Device) throws {
    for seed in 1...20 {
      let generator = RandomGenerator(seed: UInt64(seed))
      let drawn = Tensor.randn(shape, generator: generator).cast(to: dtype).to(device)
      let norm = BatchNorm1d(shape[1], dtype: dtype).to(device)
      let weight = Tensor.randn([shape[1]], generator: generator).cast(to: dtype).to(device)
      try noGrad {
        try norm.parameters[0].copyElements(from: weight)
        let first = norm(drawn)[seed % shape[0]]
        try norm.parameters[1].copyElements(from: -(first.rank == 1 ? first : first[0..., 0]))
      }
      let gradients = try [true, false].map { fused in
        let x = drawn.detached().cloned()
        x.requiresGrad = true
        let y = fused ? Sequential(norm, ReLU())(x) : norm(x).relu()
        try (y + y * y).sum().backward()
        return try [y, #require(x.grad)]
      }
      expectSameBits(gradients[0], gradients[1], "\(shape) in \(dtype), seed \(seed)")
    }
  }

  @Test(arguments: [[9, 70], [9, 5, 8]], [DataType.float32, .float64])
  func decidesOnSignsAsTheForwardPassDid(shape: [Int], dtype: DataType) throws {
    try Self.expectSameSigns(shape, dtype, on: .cpu)
  }

  @Test func showsAllGradientFunctions() {
    let norm = BatchNorm1d(3)
    let (x, residual) = (Tensor.ones([2, 3], requiresGrad: true) * 2, Tensor.ones([2, 3], requiresGrad: true).exp())
    for trains in [true, false] {
      norm.train(trains)
      let pair = Sequential(norm, ReLU())(x).gradientFunction
      #expect(pair?.name == "ReluBackward0")
      let inner = pair?.next.first ?? nil
      #expect(pair?.next.count == 1 && inner?.name == "NativeBatchNormBackward0")
      #expect(inner?.next.first??.name == "MulBackward0" && inner?.next.count == (trains ? 3 : 5))

      let last = norm.rectified(x, adding: residual).gradientFunction
      #expect(last?.name == "ReluBackward0" && last?.next.count == 1)
      let sum = last?.next.first ?? nil
      #expect(sum?.name == "AddBackward0")
      #expect(sum?.next.map { $0?.name } == ["NativeBatchNormBackward0", "ExpBackward0"])
      let first = sum?.next.first ?? nil
      #expect(first?.next.first??.name == "MulBackward0" && first?.next.count == (trains ? 3 : 5))
    }
  }

  @Test(arguments: [false, true], [false, true])
  func hasSecondDerivatives(adds: Bool, trains: Bool) throws {
    let norm = BatchNorm1d(4, dtype: .float64)
    norm.train(trains)
    let generator = RandomGenerator(seed: 1)
    let leaves = (0..<2).map { _ in
      let leaf = Tensor.randn([5, 4], generator: generator).cast(to: .float64)
      leaf.requiresGrad = true
      return leaf
    }
    func penalty(fused: Bool) throws -> [Tensor] {
      let (x, residual) = (leaves[0], leaves[1] * leaves[1])
      let y =
        switch (fused, adds) {
        case (true, true): norm.rectified(x, adding: residual)
        case (true, false): Sequential(norm, ReLU())(x)
        case (false, true): (norm(x) + residual).relu()
        case (false, false): norm(x).relu()
        }
      let first = Array(leaves.prefix(adds ? 2 : 1))
      let slopes = try gradients(of: (y ** 2).sum(), withRespectTo: first, createGraph: true)
      let total = slopes.map { ($0 ** 2).sum() }.reduce(Tensor(0.0, dtype: .float64), +)
      return try gradients(of: total, withRespectTo: first + [norm.parameters[0]])
    }
    for (fused, separate) in zip(try penalty(fused: true), try penalty(fused: false)) {
      for (a, b) in zip(fused.array(of: Double.self), separate.array(of: Double.self)) {
        #expect(abs(a - b) <= 1e-9 * (1 + abs(b)))
      }
    }
  }

  @Test func aResultChangedInPlaceIsNoticed() throws {
    let norm = BatchNorm1d(3)
    for result in [Sequential(norm, ReLU())(.ones([2, 3])), norm.rectified(.ones([2, 3]), adding: .ones([2, 3]))] {
      try noGrad { try result.fill(0) }
      #expect(throws: AutogradError.self) { try result.sum().backward() }
    }
  }

  @Test func genericKernelsTakeTheOperationsOneByOne() {
    let norm = BatchNorm1d(3)
    let (x, residual) = (Tensor.ones([2, 3]), Tensor.ones([2, 3]))
    Kernels.choosing(generic: true) {
      let events = profiledOperators {
        _ = norm.rectified(x, adding: residual)
        _ = Sequential(norm, ReLU())(x)
      }
      #expect(
        events == [
          "moments, follow", "batchNorm", "add", "relu", "moments, follow", "batchNorm", "relu",
        ])
    }
    let events = profiledOperators {
      _ = norm.rectified(x, adding: residual)
      _ = Sequential(norm, ReLU())(x)
    }
    #expect(
      events == [
        "moments, follow", "batchNorm, add, relu", "moments, follow", "batchNorm, relu",
      ])
  }

  private func profiledOperators(_ body: () -> Void) -> [String] {
    let profiler = Profiler()
    profiler.record(body)
    return profiler.events.compactMap { event in
      if case .work(let work) = event.kind { work.name } else { nil }
    }
  }

  @Test func aResidualOfAnotherShapeTraps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BatchNorm1d(3).rectified(.ones([2, 3]), adding: .ones([1, 3]))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("[2, 3]") && text.contains("residual of [1, 3]"), "\(text)")
  }

  @Test func statisticsOfAnotherTypeTrap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BatchNorm1d(3, affine: false)(.ones([2, 3], dtype: .float64))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("float64") && text.contains("running statistics of float32"), "\(text)")
  }

  /// Without weights that would tell: what was beside the running statistics was written over.
  @Test(arguments: [true, false])
  func `a batch of other channels is told`(_ trains: Bool) async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [trains] in
      _ = BatchNorm1d(3, affine: false).train(trains)(.ones([2, 5]))
    }
    let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(message.contains("BatchNorm1d: shape [2, 5] has 5 channels, expected 3"), "\(message)")
  }
}
