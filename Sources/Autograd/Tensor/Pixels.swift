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

extension Backend {
  func gatherBytes(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    let bytes = Tensor(uninitialized: result.shape, dtype: .uint8, device: result.device)
    gather(x, at: indices, extents, into: bytes)
    convert(bytes, into: result)
    if result.dtype == .float32 { binary(.divide, result, Tensor(255 as Float), into: result) }
  }
}

extension Tensor {
  /// The rows of this tensor of bytes at `indices`, `int64` [n] on the same device: in `float32` as 255ths, with the bits of
  /// ``gatherFractionsOf255(_:of:length:into:)``, or as whole numbers in `int64`.
  package func selectedBytes(_ indices: Tensor, as dtype: DataType) -> Tensor {
    precondition(
      self.dtype == .uint8 && (dtype == .float32 || dtype == .int64), "bytes of \(self.dtype) selected as \(dtype)")
    requireSameDevice(indices, for: "bytes selected by indices")
    let places = IndexedPlaces(
      indices, isShared: true, along: 0, of: shape, size: indices.count, operation: "selectedBytes")
    let result = Tensor(uninitialized: [indices.count] + shape.dropFirst(), dtype: dtype, device: device)
    backend.gatherBytes(self, at: indices, places.extents, into: result)
    return result
  }
}
