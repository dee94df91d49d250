import CKernels

/// Writes `Float(byte) / 255`, to the last bit, for every byte of rows of `length` bytes, one row after the other.
///
/// - Parameters:
///   - rows: The numbers of the rows in `pixels`, in any order and as often as wanted.
///   - values: `rows.count * length` elements.
package func gatherFractionsOf255(
  _ rows: [Int], of pixels: UnsafeRawBufferPointer, length: Int, into values: UnsafeMutableBufferPointer<Float>
) {
  precondition(values.count == rows.count * length, "\(values.count) values for \(rows.count) rows of \(length)")
  let count = length == 0 ? Int.max : pixels.count / length
  for row in rows { precondition((0..<count).contains(row), "row \(row) of \(count)") }
  guard let target = values.baseAddress, let source = pixels.baseAddress else { return }
  dt_gather_fractions_of_255(rows.count, length, rows, source.assumingMemoryBound(to: UInt8.self), target)
}
