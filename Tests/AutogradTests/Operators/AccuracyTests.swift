import Autograd
import Testing

/// Functions in single precision against the same in double precision, over all magnitudes.
@Suite struct AccuracyTests {
  private static let functions: [(name: String, function: @Sendable (Tensor) -> Tensor)] = [
    ("exp", { $0.exp() }), ("log", { $0.log() }), ("log1p", { $0.log1p() }), ("tanh", { $0.tanh() }),
    ("sigmoid", { $0.sigmoid() }), ("logSigmoid", { $0.logSigmoid() }), ("softplus", { $0.softplus() }),
    ("silu", { $0.silu() }), ("erf", { $0.erf() }), ("gelu", { $0.gelu() }),
    ("gelu by tanh", { $0.gelu(approximation: .tanh) }), ("sqrt", { $0.sqrt() }), ("rsqrt", { $0.rsqrt() }),
    ("reciprocal", { $0.reciprocal() }), ("sin", { $0.sin() }), ("cos", { $0.cos() }),
  ]

  /// Numbers of both signs from the smallest to the largest, and a finer grid where the functions bend.
  private static let grid: [Float] = {
    let magnitudes = stride(from: UInt32(1), to: Float.infinity.bitPattern, by: 99_991).map(Float.init(bitPattern:))
    let bend = (0...8_000).map { Float($0) / 400 }
    let extremes: [Float] = [0, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude]
    return (magnitudes + bend + extremes).flatMap { [$0, -$0] }
  }()

  /// The error is at most that of rounding the argument and the result a few times.
  @Test(arguments: functions.indices, [false, true])
  func singlePrecisionIsAFewRoundingsOff(index: Int, generic: Bool) throws {
    try Kernels.choosing(generic: generic) { try checkRoundings(index) }
  }

  private func checkRoundings(_ index: Int) throws {
    let (name, function) = Self.functions[index]
    let x = Tensor(Self.grid.map(Double.init), shape: [Self.grid.count])
    x.requiresGrad = true
    let reference = function(x)
    try reference.sum().backward()
    let slopes = try #require(x.grad).array(of: Double.self)
    let found = function(Tensor(Self.grid, shape: [Self.grid.count])).array(of: Float.self)
    for (i, expected) in reference.array(of: Double.self).enumerated() {
      let value = Double(Self.grid[i])
      if expected.isNaN || Float(expected).isInfinite {
        #expect(found[i].isNaN == expected.isNaN && found[i].isInfinite == !expected.isNaN, "\(name)(\(value))")
        continue
      }
      let condition = slopes[i].isFinite ? abs(value * slopes[i]) : 0
      let bound = 5 * 0x1p-24 * (abs(expected) + condition) + 4 * Double(Float.leastNormalMagnitude)
      #expect(abs(Double(found[i]) - expected) <= bound, "\(name)(\(value)) = \(found[i]), not \(expected)")
    }
  }

  /// Slopes of activations, which are computed by formulas of their own, are within a few roundings of 1.
  @Test(arguments: ["tanh", "sigmoid", "logSigmoid", "softplus", "silu", "erf", "gelu", "gelu by tanh"])
  func slopesInSinglePrecision(name: String) throws {
    let function = try #require(Self.functions.first { $0.name == name }).function
    let places = Self.grid.filter { abs($0) <= 1e4 }
    let slopes = try [DataType.float64, .float32].map { dtype in
      let x = Tensor(places, shape: [places.count]).cast(to: dtype)
      x.requiresGrad = true
      try function(x).sum().backward()
      return try #require(x.grad).array(of: Double.self)
    }
    for (i, x) in places.enumerated() {
      #expect(abs(slopes[0][i] - slopes[1][i]) <= 8 * 0x1p-24, "slope of \(name) at \(x)")
    }
  }
}
