import Autograd
import TestSupport
import Testing

/// Triangles, one-hot vectors, and questions about elements, on the processor and on a GPU.
@Suite struct RearrangementTests {
  private func onBothDevices(_ body: (Device) throws -> Void) throws {
    try body(.cpu)
    try body(EmulatedGPU.device())
  }

  private func values(_ tensor: Tensor) -> [Int] { tensor.array(of: Int.self) }

  /// Matrices are transposed by blocks, of which the last ones overlap those before.
  @Test(arguments: [(7, 9), (8, 8), (9, 17), (130, 21), (3, 40), (31, 257)], DataType.allCases)
  func transposedMatrices(_ sizes: (Int, Int), _ dtype: DataType) {
    let (rows, columns) = sizes
    let elements = (0..<2 * rows * columns * 3).map { dtype == .bool ? $0 % 3 % 2 : $0 % 251 }
    let x = Tensor(elements, shape: [2, rows, columns, 3]).cast(to: dtype)
    for order in [[0, 2, 1, 3], [3, 1, 2, 0], [1, 2, 3, 0], [0, 3, 1, 2], [3, 2, 1, 0], [2, 0, 3, 1]] {
      let steps = order.map { [rows * columns * 3, columns * 3, 3, 1][$0] }, shape = order.map { x.shape[$0] }
      var expected: [Int] = []
      for i in 0..<shape[0] {
        for j in 0..<shape[1] {
          for k in 0..<shape[2] {
            for l in 0..<shape[3] {
              expected.append(elements[i * steps[0] + j * steps[1] + k * steps[2] + l * steps[3]])
            }
          }
        }
      }
      #expect(values(x.permuted(order)) == expected, "\(order)")
    }
  }

  @Test func oneHotVectors() throws {
    try onBothDevices { device in
      let vectors = Tensor([[2, 0], [1, 2]]).to(device).oneHot(3)
      #expect(vectors.shape == [2, 2, 3] && vectors.dtype == .int64)
      #expect(values(vectors) == [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1])
    }
  }

  @Test func integersAreMadeWhereTheyAreWanted() throws {
    try onBothDevices { device in
      #expect(values(.arange(2..<9, step: 3, device: device)) == [2, 5, 8])
      #expect(values(.arange(-1..<(-1), device: device)) == [])
      #expect(Tensor.arange(5, device: device).dtype == .int64)
      let identity = Tensor.eye(2, 3, device: device)
      #expect(values(identity) == [1, 0, 0, 0, 1, 0] && identity.dtype == .float32 && identity.device == device)
    }
  }

  /// Nothing of these comes from the processor's memory.
  @Test func stepsThatDoThisAreRecorded() throws {
    let gpu = try EmulatedGPU.device()
    let x = Tensor.rand([1, 2, 5, 6], generator: RandomGenerator(seed: 4)), classes = Tensor([[2, 0], [1, 2]])
    func compute(_ x: Tensor, _ classes: Tensor) -> [Tensor] {
      [
        x.lowerTriangle(), x.upperTriangle(1), x.resized(to: (7, 8)), x.resized(to: (7, 8), by: .bilinear()),
        x.adaptiveAveragePool2d((2, 4)), x.padded([(1, 2)]), x.flipped([2]), x.rolled(1, along: 3),
        classes.oneHot(3).cast(to: .float32), x.padded([(1, 2)], by: .reflect), x.padded([(1, 2)], by: .replicate),
        x.padded([(1, -2)], value: 3), x.tiled([2, 1]), x.diagonal(along: 2, 3), x.elu(), x.instanceNorm(),
        x[0, 0, ..<2, ..<2].scattered(x[0, 1, ..<2, ..<2], at: classes.filled(with: 1, where: classes .> 1), along: 1),
        einsum("abij,abkj->ik", x, x),
      ]
    }
    let (there, classesThere) = (x.to(gpu), classes.to(gpu))
    _ = compute(there, classesThere)
    var results: [Tensor] = []
    let work = try RecordedWork(on: gpu) { results = compute(there, classesThere) }
    work.run()
    for (found, expected) in zip(results, compute(x, classes)) {
      for (a, b) in zip(found.array(of: Float.self), expected.array(of: Float.self)) { #expect(abs(a - b) < 1e-6) }
    }
  }

  @Test func questionsAboutElements() throws {
    try onBothDevices { device in
      let x = Tensor([[1.0, .nan, -.infinity], [0, 2, 3]]).to(device)
      #expect(values(x.isNaN()) == [0, 1, 0, 0, 0, 0])
      #expect(values(x.isInfinite()) == [0, 0, 1, 0, 0, 0])
      #expect(values(x.isFinite()) == [1, 0, 0, 1, 1, 1])
      #expect(x.isNaN().any().dtype == .bool && values(x.isNaN().any([1])) == [1, 0])
      #expect(values(x.all([1])) == [1, 0] && x.all([0], keepingDimensions: true).shape == [1, 3])
      let nothing = Tensor.zeros([0], device: device)
      #expect(values(nothing.any()) == [0] && values(nothing.all()) == [1])
      #expect(values(Tensor([1, 0]).to(device).any()) == [1])
    }
  }

  @Test func rollingAndFlippingMoveIntegersToo() throws {
    try onBothDevices { device in
      let x = Tensor([[1, 2, 3], [4, 5, 6]]).to(device)
      #expect(values(x.flipped([1])) == [3, 2, 1, 6, 5, 4])
      #expect(values(x.rolled(1, along: 0)) == [4, 5, 6, 1, 2, 3])
      #expect(values(x.rolled(-4, along: 1)) == [2, 3, 1, 5, 6, 4] && values(x.rolled(3, along: 1)) == values(x))
      #expect(x[0..<0].flipped([0]).shape == [0, 3] && x[0..<0].rolled(1, along: 0).shape == [0, 3])
      #expect(values(x.padded([(1, 0)], value: 9)) == [9, 1, 2, 3, 9, 4, 5, 6])
      #expect(x[0..<0].padded([(1, 1), (0, 0)]).shape == [2, 3])
    }
  }

  /// Pixels are not factors of a model's products, which `--precision` rounds.
  @Test func bilinearInterpolationKeepsAllDigits() throws {
    try onBothDevices { device in
      let x = Tensor.rand([1, 1, 3, 4], generator: RandomGenerator(seed: 2)).to(device)
      x.requiresGrad = true
      let (exact, rounded) = (
        x.resized(to: (5, 7), by: .bilinear()),
        withProductPrecision(.bfloat16) { x.resized(to: (5, 7), by: .bilinear()) }
      )
      #expect(exact.array(of: Float.self) == rounded.array(of: Float.self))
      let gradient = Tensor.rand([1, 1, 5, 7], generator: RandomGenerator(seed: 3)).to(device)
      try exact.backward(gradient: gradient)
      let expected = x.grad?.array(of: Float.self)
      x.grad = nil
      try withProductPrecision(.bfloat16) { try rounded.backward(gradient: gradient) }
      #expect(x.grad?.array(of: Float.self) == expected)
    }
  }

  @Test func drawsByWeight() {
    let weights = Tensor([[0.1, 0, 0.6, 0.3], [2, 2, 0, 4]])
    // torch.multinomial(weights, 12, replacement=True) after manual_seed(3).
    #expect(
      values(weights.multinomial(12, generator: RandomGenerator(seed: 3)))
        == [0, 2, 3, 2, 3, 2, 2, 2, 2, 3, 2, 2] + [1, 1, 3, 0, 0, 3, 3, 0, 3, 3, 0, 1])
    let generator = RandomGenerator(seed: 3)
    manualSeed(3)
    let tiny = Tensor([0, 1e-45], dtype: .float32), draws = RandomGenerator(seed: 1)
    #expect((0..<50).allSatisfy { _ in values(tiny.multinomial(1, generator: draws)) == [1] })
    let row = weights.cast(to: .float64)[0].multinomial(9)
    #expect(row.shape == [9] && row.dtype == .int64)
    #expect(values(row) == values(weights[0].cast(to: .float64).multinomial(9, generator: generator)))
    #expect(weights[0].multinomial(0).shape == [0])
  }

  @Test(arguments: [DataType.float32, .float64]) func drawsWithoutReplacement(dtype: DataType) async {
    let weights = Tensor([[0.5, 2, 0, 1, 0.25], [1, 1, 1, 1, 4]], dtype: dtype)
    let generator = RandomGenerator(seed: 3)
    // torch.multinomial(weights, 3), then (weights, 1, replacement=True) and (weights[0], 4), after manual_seed(3).
    #expect(values(weights.multinomial(3, replacement: false, generator: generator)) == [0, 1, 3, 1, 4, 3])
    #expect(values(weights.multinomial(1, generator: generator)) == [0, 4])
    #expect(values(weights[0].multinomial(4, replacement: false, generator: generator)) == [3, 1, 0, 4])
    // torch.rand(1) after these.
    #expect(Tensor.rand([1], generator: generator).item() == 0.7605790495872498)
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, 0, 0.5]).multinomial(3, replacement: false)
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("multinomial: 3 different places by weights of which 2 are not 0"))
  }

  @Test func gradientsOfManyPartsAddUp() throws {
    let x = Tensor.rand([64, 8], generator: RandomGenerator(seed: 1))
    x.requiresGrad = true
    let y = x * 2
    try (0..<64).reduce(Tensor(0.0)) { $0 + (y[$1] * Double($1)).sum() + y[$1, 1..<3].sum() }.backward()
    let expected = (0..<64).flatMap { row in (0..<8).map { Float(2 * row + ((1..<3).contains($0) ? 2 : 0)) } }
    #expect(x.grad?.array(of: Float.self) == expected)
  }

  /// In an arena or not, with a hook or not, and from one backward pass to the next.
  @Test(arguments: [false, true], [false, true])
  func gradientsOfPartsOfAParameter(inArena: Bool, hasHook: Bool) throws {
    let layer = Linear(2, 3, bias: false)
    let arena = inArena ? ParameterArena(layer) : nil
    var seen: [[Float]] = []
    let hook =
      hasHook
      ? layer.weight.registerHook { gradient in
        seen.append(gradient.array(of: Float.self))
        return nil
      } : nil
    let y = (layer.weight[0..<2] * 3).sum() + (layer.weight[0..., 1] * 5).sum() + (layer.weight[1] * 7).sum()
    let once: [Float] = [3, 8, 10, 15, 0, 5]
    for pass in 1...2 {
      try y.backward(retainGraph: true)
      #expect(layer.weight.grad?.array(of: Float.self) == once.map { $0 * Float(pass) })
    }
    #expect(seen == (hasHook ? [once, once] : []))
    hook?.remove()
    withExtendedLifetime(arena) {}
  }
}
