/// A class of memory blocks that are used for one another, spaced at eighths of a power of two: at most 12.5 % of a
/// block is unused.
struct SizeClass {
  /// The number of classes.
  static let count = 8 * Int.bitWidth

  let index: Int
  /// The bytes that each block of the class has.
  let capacity: Int

  /// The class of blocks that hold `byteCount` bytes.
  init(byteCount: Int) {
    let size = max(byteCount, 64) - 1
    let exponent = Int.bitWidth - 1 - size.leadingZeroBitCount
    let eighth = (size >> (exponent - 3)) & 7
    index = exponent * 8 + eighth
    capacity = Self.capacity(of: index)
  }

  /// The bytes that each block of a class has.
  static func capacity(of index: Int) -> Int { (9 + index % 8) << (index / 8 - 3) }
}
