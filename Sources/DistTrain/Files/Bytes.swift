/// The bytes of an array of this shape, or nil where the product of the sizes that are not zero does not fit in an
/// `Int`, so that no product of some of them overflows later.
package func byteCount(shape: [Int], elementSize: Int) -> Int? {
  var count = elementSize
  for size in shape where size != 0 {
    let (product, overflow) = count.multipliedReportingOverflow(by: size)
    if overflow { return nil }
    count = product
  }
  return shape.contains(0) ? 0 : count
}

/// Bytes as people write them: `1f 8b`; "nothing" where there are none.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  return text.isEmpty ? "nothing" : text
}

extension Collection<UInt8> {
  /// The bytes as one big-endian number.
  package var bigEndianValue: Int { reduce(0) { $0 << 8 | Int($1) } }
}

/// Turns elements of a file into the byte order of this machine, in place.
func convertToHostOrder(_ buffer: UnsafeMutableRawBufferPointer, elementSize: Int, isBigEndian: Bool) {
  let isHostBigEndian = Int(bigEndian: 1) == 1
  guard isBigEndian != isHostBigEndian else { return }
  func swap<Word: FixedWidthInteger>(_: Word.Type) {
    buffer.withMemoryRebound(to: Word.self) { words in
      for index in words.indices { words[index] = words[index].byteSwapped }
    }
  }
  switch elementSize {
  case 2: swap(UInt16.self)
  case 4: swap(UInt32.self)
  case 8: swap(UInt64.self)
  default: break
  }
}
