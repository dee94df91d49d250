import Autograd

/// `count` values that `fill` writes into a buffer.
func drawn<Scalar: Numeric>(_ count: Int, _ fill: (UnsafeMutableBufferPointer<Scalar>) -> Void) -> [Scalar] {
  var values = [Scalar](repeating: 0, count: count)
  values.withUnsafeMutableBufferPointer { fill($0) }
  return values
}

/// The next two uniform samples of the stream: they show how much of it was used.
func nextUniforms(_ generator: RandomGenerator) -> [Float] {
  drawn(2) { generator.uniform(into: $0) }
}

/// Whether two numbers are at most `units` units in the last place apart.
func areClose<Scalar: BinaryFloatingPoint>(_ first: [Scalar], _ second: [Scalar], units: Scalar = 2) -> Bool {
  first.count == second.count && zip(first, second).allSatisfy { abs($0 - $1) <= units * max($0.ulp, $1.ulp) }
}
