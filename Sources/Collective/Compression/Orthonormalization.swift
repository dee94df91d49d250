/// Makes columns of `count` numbers, one after the other, orthogonal and of length 1, by the modified Gram–Schmidt process.
///
/// The order of all operations is fixed: the same input gives the same bits on every CPU. A column that depends on those
/// before it, or is zero, is replaced by one drawn from `noise`: a factor that has lost a direction finds another. Columns
/// stay as they are from one that is not finite on.
func orthonormalize(_ matrix: UnsafeMutablePointer<Float>, count: Int, columns: Int, _ noise: inout Noise) {
  precondition(columns <= count, "\(columns) orthogonal columns of \(count) numbers")
  for column in 0..<columns {
    let own = UnsafeMutableBufferPointer(start: matrix + column * count, count: count)
    while !own.becomesUnit(orthogonalTo: (0..<column).map { .init(start: matrix + $0 * count, count: count) }) {
      for index in own.indices { own[index] = noise.next() }
    }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// Takes out what is along `others`, of length 1, and scales the rest to length 1, unless nearly nothing is left.
  fileprivate func becomesUnit(orthogonalTo others: [UnsafeMutableBufferPointer<Float>]) -> Bool {
    let length = dot(self).squareRoot()
    guard length > 0 && length.isFinite else { return !length.isFinite }
    for index in indices { self[index] = Float(Double(self[index]) / length) }
    for other in others {
      let component = dot(other)
      for index in indices { self[index] = Float(Double(self[index]) - component * Double(other[index])) }
    }
    let rest = dot(self).squareRoot()
    guard rest > 1e-4 else { return rest.isNaN }
    for index in indices { self[index] = Float(Double(self[index]) / rest) }
    return true
  }

  private func dot(_ other: UnsafeMutableBufferPointer<Float>) -> Double {
    var sum = 0.0
    for index in indices { sum += Double(self[index]) * Double(other[index]) }
    return sum
  }
}

/// Numbers between −1 and 1 that look random and are the same for the same seed (SplitMix64; Steele, Lea & Flood 2014).
struct Noise {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> Float {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    return Float(Int64(bitPattern: bits) >> 40) / Float(1 << 23)
  }
}
