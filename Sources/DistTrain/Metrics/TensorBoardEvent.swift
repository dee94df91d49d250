/// One entry of a file of TensorBoard's: `Event` in TensorFlow's `event.proto` and `summary.proto`, as a protocol buffer.
package struct TensorBoardEvent {
  package enum Contents {
    /// The version of the format; the first entry of a file has it.
    case version(String)
    /// What earlier files have of this step, and of later ones, does not count.
    case start
    case scalars([(tag: String, value: Double)])
  }

  private let step: Int
  private let contents: Contents

  package init(step: Int, contents: Contents) { (self.step, self.contents) = (step, contents) }

  /// The entry's bytes.
  ///
  /// - Parameter time: Seconds since 1970.
  package func encoded(at time: Double) -> [UInt8] {
    var event = ProtocolBuffer()
    event.add(1, time)
    if step != 0 { event.add(2, step) }
    switch contents {
    case .version(let text): event.add(3, Array(text.utf8))
    case .start:
      var session = ProtocolBuffer()
      session.add(1, 1)
      event.add(7, session.bytes)
    case .scalars(let scalars):
      var summary = ProtocolBuffer()
      for (tag, number) in scalars {
        var value = ProtocolBuffer()
        value.add(1, Array(tag.utf8))
        value.add(2, Float(number))
        summary.add(1, value.bytes)
      }
      event.add(5, summary.bytes)
    }
    return event.bytes
  }
}

/// A message in the encoding of protocol buffers (protobuf.dev, "Encoding"): fields with their numbers.
private struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private enum Kind: UInt64 {
    case number = 0
    case eightBytes = 1
    case counted = 2
    case fourBytes = 5
  }

  mutating func add(_ field: UInt64, _ number: Int) {
    addKey(field, .number)
    addNumber(UInt64(bitPattern: Int64(number)))
  }

  mutating func add(_ field: UInt64, _ number: Double) {
    addKey(field, .eightBytes)
    bytes += number.bitPattern.littleEndianBytes
  }

  mutating func add(_ field: UInt64, _ number: Float) {
    addKey(field, .fourBytes)
    bytes += number.bitPattern.littleEndianBytes
  }

  mutating func add(_ field: UInt64, _ contents: [UInt8]) {
    addKey(field, .counted)
    addNumber(UInt64(contents.count))
    bytes += contents
  }

  private mutating func addKey(_ field: UInt64, _ kind: Kind) { addNumber(field << 3 | kind.rawValue) }

  /// Seven bits a byte, the lowest first, all but the last with the highest bit set.
  private mutating func addNumber(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension [UInt8] {
  /// The bytes as one record of TensorFlow's `TFRecord` files: their number and themselves, each with a checksum.
  package var recordBytes: [UInt8] {
    let length = UInt64(count).littleEndianBytes
    return length + length.maskedCRC32C.littleEndianBytes + self + maskedCRC32C.littleEndianBytes
  }

  private var maskedCRC32C: UInt32 {
    let checksum = crc32c
    return (checksum >> 15 | checksum << 17) &+ 0xa282_ead8
  }

  /// The cyclic redundancy check with Castagnoli's polynomial (RFC 3720, appendix B.4).
  package var crc32c: UInt32 {
    ~reduce(~0) { checksum, byte in
      (0..<8).reduce(checksum ^ UInt32(byte)) { bits, _ in bits >> 1 ^ (bits & 1 == 1 ? 0x82f6_3b78 : 0) }
    }
  }
}

extension FixedWidthInteger {
  fileprivate var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
