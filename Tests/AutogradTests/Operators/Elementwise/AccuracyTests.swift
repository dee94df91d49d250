import Autograd
import Foundation
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

  /// Rows and columns of all lengths, and the gradients with and without a graph of their own.
  @Test(
    arguments: [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 49, 75, 1000, 1024, 1030, 2080].flatMap { count in
      [1, 3, 16].map { (count, $0) }
    } + [(2, 300), (21, 300)])
  func softmaxOfAllLengths(count: Int, inner: Int) throws {
    let numbers = Tensor.randn([5, count, inner], dtype: .float64, generator: RandomGenerator(seed: 9)) * 4
    let weights = Tensor.randn(numbers.shape, dtype: .float64, generator: RandomGenerator(seed: 10))
    for isLogarithm in [false, true] {
      func results(_ dtype: DataType, _ function: (Tensor) -> Tensor, createGraph: Bool = false) throws -> [[Double]] {
        let x = numbers.cast(to: dtype).detached()
        x.requiresGrad = true
        let y = function(x)
        let sum = (y * weights.cast(to: dtype)).sum()
        let gradient = try gradients(of: sum, withRespectTo: [x], createGraph: createGraph)[0]
        return [y, gradient].map { $0.array(of: Double.self) }
      }
      let exact = try results(.float64) {
        let y = $0.exp() / $0.exp().sum([1], keepingDimensions: true)
        return isLogarithm ? y.log() : y
      }
      func expectSame(_ found: [[Double]], within bound: Double) {
        for (found, exact) in zip(found.joined(), exact.joined()) {
          #expect(abs(found - exact) <= bound * max(1, abs(exact)), "\(count) × \(inner), logarithm: \(isLogarithm)")
        }
      }
      let function: (Tensor) -> Tensor = { isLogarithm ? $0.logSoftmax(1) : $0.softmax(-2) }
      expectSame(try results(.float64, function), within: 1e-12)
      expectSame(try results(.float64, function, createGraph: true), within: 1e-12)
      expectSame(try results(.float32, function), within: 2e-6)
    }
  }

  /// Means of large images are as exact as sums in double precision.
  @Test func meansOfWholeImages() {
    let x = Tensor.rand([3, 200, 200], generator: RandomGenerator(seed: 1)).unsqueezed(0)
    let exact = x.cast(to: .float64).mean([2, 3]).array(of: Double.self)
    for (found, exact) in zip(x.adaptiveAveragePool2d((1, 1)).array(of: Double.self), exact) {
      #expect(abs(found - exact) < 2e-7 * exact)
    }
  }

  /// The functions that have fast kernels of their own: over the whole range within two units in the
  /// last place. `DISTTRAIN_EXHAUSTIVE=1` tries all numbers rather than one in 4001.
  @Test(arguments: ["exp", "log", "tanh", "sigmoid", "sin", "cos"])
  func withinTwoUnitsInTheLastPlace(name: String) throws {
    let function = try #require(Self.functions.first { $0.name == name }).function
    let isExhaustive = ProcessInfo.processInfo.environment["DISTTRAIN_EXHAUSTIVE"] == "1"
    let (step, block) = (isExhaustive ? 1 : 4001, 1 << 16)
    var worst = (error: 0.0, argument: Float.zero)
    for start in stride(from: 0, to: 1 << 32, by: block * step) {
      let bits = stride(from: start, to: min(start + block * step, 1 << 32), by: step)
      let arguments = bits.map { Float(bitPattern: UInt32($0)) }
      let found = function(Tensor(arguments, shape: [arguments.count])).array(of: Float.self)
      let exact = function(Tensor(arguments.map(Double.init), shape: [arguments.count])).array(of: Double.self)
      for (i, argument) in arguments.enumerated() {
        let error = Self.unitsInTheLastPlace(found[i], exact[i])
        if error > worst.error { worst = (error, argument) }
      }
    }
    #expect(worst.error <= 2, "\(name)(\(worst.argument)) is \(worst.error) units off")
  }

  /// Powers are those of double precision, rounded, also where the C library's has a rule of its own.
  @Test func powersAreRoundedOnce() {
    let sizes: [Float] = [
      0, 1, 2, 3, 0.5, 1.5, 20, .infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude, Float(1).nextUp,
      Float(1).nextDown, 4_194_304.5, 8_388_609, 16_777_215, 16_777_216,
    ]
    let extremes: [Float] = sizes + sizes.map { -$0 }
    let exponentsOfAll: [Float] = [1.5, -0.3, 3]
    var pairs: [(Float, Float)] = extremes.flatMap { x in extremes.map { y in (x, y) } }
    pairs += Self.grid.flatMap { x in exponentsOfAll.map { y in (x, y) } }
    let (bases, exponents) = (pairs.map(\.0), pairs.map(\.1))
    let found = Tensor(bases, shape: [pairs.count]).pow(Tensor(exponents, shape: [pairs.count])).array(of: Float.self)
    for (i, (x, y)) in pairs.enumerated() {
      let error = Self.unitsInTheLastPlace(found[i], Foundation.pow(Double(x), Double(y)))
      #expect(error < 0.51, "\(x) to the power of \(y) is \(found[i])")
    }
    let fixed = Tensor(Self.grid, shape: [Self.grid.count]).pow(1.5).array(of: Float.self)
    for (x, found) in zip(Self.grid, fixed) {
      #expect(Self.unitsInTheLastPlace(found, Foundation.pow(Double(x), 1.5)) < 0.51, "\(x) to the power of 1.5")
    }
  }

  /// How far `found` is from `exact`, in units of the last place that a float of that size has.
  private static func unitsInTheLastPlace(_ found: Float, _ exact: Double) -> Double {
    let rounded = Float(exact)
    if exact.isNaN || found.isNaN || rounded.isInfinite {
      return found.isNaN == exact.isNaN && (exact.isNaN || found == rounded) ? 0 : .infinity
    }
    if found.isInfinite { return abs(exact) > Double(Float.greatestFiniteMagnitude) * (1 - 0x1p-23) ? 1 : .infinity }
    if found == 0 && rounded == 0 { return found.sign == rounded.sign ? 0 : .infinity }
    return abs(Double(found) - exact) / Double(max(rounded.ulp, .leastNonzeroMagnitude))
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
