/// Why bytes are not the state of a random generator.
public enum RandomStateError: Error, Equatable, CustomStringConvertible {
  /// The number of bytes is not that of a state.
  case wrongLength(found: Int, expected: Int)
  /// The position in the block of random words is outside it.
  case positionOutOfRange(found: UInt32, limit: UInt32)
  /// The flag that announces a pending normal sample is neither 0 nor 1.
  case invalidFlag(UInt32)
  /// The pending normal sample is not a finite number.
  case invalidSample(Double)

  /// What was found and what was expected.
  public var description: String {
    switch self {
    case .wrongLength(let found, let expected):
      "random generator state: found \(found) bytes, expected \(expected)"
    case .positionOutOfRange(let found, let limit):
      "random generator state: found position \(found), expected at most \(limit)"
    case .invalidFlag(let found):
      "random generator state: found flag \(found) for a pending normal sample, expected 0 or 1"
    case .invalidSample(let found):
      "random generator state: found \(found) as pending normal sample, expected a finite number"
    }
  }
}

extension RandomGenerator {
  /// The number of bytes of `state`.
  public static let stateByteCount = 8 + 4 + 4 + 8 + 4 * MersenneTwister.stateCount

  /// Everything that decides the stream from here on, for a checkpoint. Little-endian: the initial seed (8 bytes), the
  /// position in the block (4), whether a normal sample is pending (4), that sample's bits (8), the 624 state words.
  public var state: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.stateByteCount)
    func append<Integer: FixedWidthInteger>(_ value: Integer) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(initialSeed)
    append(UInt32(engine.position))
    append(UInt32(pendingNormal == nil ? 0 : 1))
    append((pendingNormal ?? 0).bitPattern)
    for word in engine.state { append(word) }
    return bytes
  }

  /// A generator that continues the stream from which `state` was taken.
  ///
  /// - Throws: `RandomStateError` when the bytes are not a state.
  public convenience init(state: [UInt8]) throws(RandomStateError) {
    self.init(seed: 0)
    try restore(state)
  }

  /// Continues the stream from which `state` was taken. On an error the generator is as before.
  ///
  /// - Throws: `RandomStateError` when the bytes are not a state.
  public func restore(_ state: [UInt8]) throws(RandomStateError) {
    guard state.count == Self.stateByteCount else {
      throw .wrongLength(found: state.count, expected: Self.stateByteCount)
    }
    func value<Integer: FixedWidthInteger>(at offset: Int, as type: Integer.Type) -> Integer {
      Integer(littleEndian: state.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) })
    }
    let position = value(at: 8, as: UInt32.self)
    guard position <= MersenneTwister.stateCount else {
      throw .positionOutOfRange(found: position, limit: UInt32(MersenneTwister.stateCount))
    }
    let flag = value(at: 12, as: UInt32.self)
    guard flag <= 1 else { throw .invalidFlag(flag) }
    let sample = Double(bitPattern: value(at: 16, as: UInt64.self))
    guard sample.isFinite else { throw .invalidSample(sample) }
    let words = (0..<MersenneTwister.stateCount).map { value(at: 24 + 4 * $0, as: UInt32.self) }
    adopt(
      initialSeed: value(at: 0, as: UInt64.self),
      engine: MersenneTwister(state: words, position: Int(position)),
      pendingNormal: flag == 1 ? sample : nil)
  }
}
