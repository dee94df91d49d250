import Autograd
import TestSupport
import Testing

/// Kernels that move and combine elements, against the processor's.
@Suite struct CUDAElementTests {
  /// Around the ends of packs, warps and blocks.
  private static let counts = [0, 1, 3, 4, 5, 31, 33, 255, 256, 257, 1023, 4097]

  @Test(arguments: counts, [DataType.float32, .float64])
  func functionsOfOneAndTwo(count: Int, dtype: DataType) throws {
    try expectSame("\(count) elements of \(dtype)", within: dtype == .float32 ? 1e-6 : 1e-14) { draws in
      let (x, y) = (draws.normal([count], dtype), draws.normal([count], dtype))
      let z = (x * y + 2).exp().tanh() / (y * y + 1) - x.maximum(y).gelu() + (3 - x) * y.relu()
      return try [z] + gradients(of: z, [x, y], draws)
    }
  }

  @Test(arguments: [
    ([7, 1, 5], [1, 3, 5]), ([6, 8], [8]), ([6, 8], [6, 1]), ([3, 1, 8], [2, 8]), ([1], [5, 3]), ([2, 3, 0], [3, 1]),
    ([2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 3], [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]), ([300, 1], [1, 260]),
  ])
  func broadcasting(a: [Int], b: [Int]) throws {
    try expectSame("\(a) and \(b)", within: 1e-6) { draws in
      let (x, y) = (draws.normal(a), draws.normal(b))
      let z = (x - y) * x + x.maximum(y)
      let whole = draws.integers(-9..<9, a) * draws.integers(-9..<9, b)
      return try [z, whole] + gradients(of: z, [x, y], draws)
    }
  }

  /// Parts of memory that packs of elements cannot be read from.
  @Test func operandsOffTheirAlignment() throws {
    try expectSame("parts") { draws in
      let x = draws.normal([40]).detached()
      return [x[1..<33] + x[2..<34], x[3..<40] * 2, x[1..<33].reshaped([4, 8]) - x[5..<13], -x[7..<8]]
    }
  }

  @Test(arguments: DataType.allCases)
  func strides(dtype: DataType) throws {
    try expectSame("\(dtype)") { draws in
      let x = draws.integers(0..<2, [3, 4, 5, 2, 8]).cast(to: dtype)
      let deep = draws.integers(0..<2, [2, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]).cast(to: dtype)
      return [
        x.permuted([4, 2, 0, 1, 3]), x.permuted([1, 0, 2, 3, 4]), x.permuted([0, 1, 3, 2, 4]),
        x.sliced(1..<8, along: 4, step: 3), x.sliced(1..<4, along: 1), x[0..<3, 1..<3, 2..<4],
        deep.permuted([10, 1, 8, 3, 6, 5, 4, 7, 2, 9, 0]), Tensor.concatenated([x, x], dimension: 3),
        Tensor.stacked([x, x], dimension: 5), x.transposed(), x.expanded(to: [2, 3, 4, 5, 2, 8]),
      ]
    }
  }

  @Test(arguments: DataType.allCases, DataType.allCases)
  func conversions(from: DataType, to: DataType) throws {
    try expectSame("\(from) to \(to)") { draws in
      [((draws.integers(-600..<600, [77]).cast(to: .float64)) / 4).to(draws.device).cast(to: from).cast(to: to)]
    }
  }

  @Test func extremesAsIntegers() throws {
    try expectSame("conversions") { draws in
      let x = Tensor([Double.nan, .infinity, -.infinity, 1e30, -1e30, 255.9, -0.5, 300], shape: [8]).to(draws.device)
      return [x.cast(to: .int64), x.cast(to: .float32).cast(to: .int64), x.cast(to: .uint8), x.cast(to: .bool)]
    }
  }

  @Test(arguments: [DataType.float32, .float64, .int64, .uint8, .bool])
  func selection(dtype: DataType) throws {
    try expectSame("\(dtype)") { draws in
      let (x, y) = (draws.integers(0..<2, [5, 1, 7]).cast(to: dtype), draws.integers(0..<2, [6, 7]).cast(to: dtype))
      let condition = draws.integers(0..<2, [6, 1]).cast(to: .bool)
      let whole = draws.integers(0..<2, [6, 7]).cast(to: .bool), number = Tensor.ones([], dtype: dtype)
      return [
        .select(condition, x, y), x.filled(with: 1, where: draws.integers(0..<2, [7]).cast(to: .bool)),
        .select(whole, y, y[0]), .select(whole, y, number), .select(whole, number, y),
        .select(whole, y, y.flipped([0])),
      ]
    }
  }

  /// Rows that a thread takes four of, and others; with own kernels only, as with `--reproducible`, just so.
  @Test(arguments: [8, 7], [DataType.float32, .float64])
  func biasAndActivationAreOnePass(columns: Int, dtype: DataType) throws {
    let activations: [(name: String, layer: any Layer)] = [("relu", ReLU()), ("sigmoid", Sigmoid()), ("tanh", Tanh())]
    for (name, layer) in activations {
      let generator = RandomGenerator(seed: 3)
      let linear = Linear(5, columns, dtype: dtype, generator: generator)
      let x = Tensor.randn([6, 5], dtype: dtype, generator: generator)
      try expectSame(name, within: dtype == .float64 ? 1e-14 : 1e-6) { draw in
        let (linear, x) = (linear.to(draw.device), x.to(draw.device))
        let fused = Sequential(linear, layer)
        let profiler = Profiler()
        let y = profiler.record { Kernels.choosing(generic: draw.device != .cpu) { fused(x) } }
        let names = profiler.events.compactMap { if case .work(let work) = $0.kind { work.name } else { nil } }
        #expect(draw.device == .cpu || names == ["matmul a·bᵀ, \(name)"], "\(names)")
        let plain = layer(linear(x))
        for (a, b) in zip(y.array(of: Double.self), plain.array(of: Double.self)) { #expect(abs(a - b) <= 1e-6) }
        linear.parameters.forEach { $0.grad = nil }
        try (y * y).sum().backward()
        return try [y.detached()] + linear.parameters.map { try #require($0.grad) }
      }
    }
  }
}
