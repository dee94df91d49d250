import CCUDA

extension CUDABackend {
  func fill(_ result: Tensor, with value: Double) {
    let bits: UInt64 =
      switch result.dtype {
      case .float32: UInt64(Float(value).bitPattern)
      case .float64: value.bitPattern
      case .int64: UInt64(bitPattern: Int64(whole: value))
      case .uint8: UInt64(UInt8(whole: value))
      case .bool: value != 0 ? 1 : 0
      }
    launch("fill_\(result.dtype.byteCount * 8)", in: .copies, over: result.count, result.count, bits, result.address)
  }

  func convert(_ x: Tensor, into result: Tensor) {
    guard x.dtype == result.dtype else {
      return launch(
        "convert_\(x.dtype.suffix)_\(result.dtype.suffix)", in: .copies, over: x.count, x.count, x.address,
        result.address)
    }
    guard x.count > 0 else { return }
    device.enter()
    CUDADriver.require(
      dt_cuMemcpyDtoDAsync_v2(result.address, x.address, x.count * x.dtype.byteCount, device.stream),
      "copying a tensor of shape \(x.shape)")
  }

  func copy(_ x: Tensor, offset: Int, strides: [Int], into result: Tensor) {
    let size = x.dtype.byteCount
    move("copy", strides: strides, of: result, strided: x.address + offset * size) { bits, dimensions, strided, dense in
      launch(
        "copy_\(bits)", in: .copies, over: dimensions.count, Walk(dimensions), dimensions.count,
        Int32(dimensions.isShort ? 1 : 0), strided, dense)
    }
  }

  func place(_ x: Tensor, into result: Tensor, offset: Int, strides: [Int]) {
    let size = x.dtype.byteCount
    move("place", strides: strides, of: x, strided: result.address + offset * size) {
      bits, dimensions, strided, dense in
      launch(
        "place_\(bits)", in: .copies, over: dimensions.count, Walk(dimensions), dimensions.count,
        Int32(dimensions.isShort ? 1 : 0), dense, strided)
    }
  }

  /// Calls `body` for moves between the elements of `dense` and those at strides from `strided` on, in units of as many
  /// bits as can be moved at once.
  private func move(
    _ operation: String, strides: [Int], of dense: Tensor, strided: UnsafeMutableRawPointer,
    _ body: (Int, MergedDimensions, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
  ) {
    guard dense.count > 0 else { return }
    let size = dense.dtype.byteCount
    MergedDimensions(shape: dense.shape, strides: [strides]).forEachPart { part, position, offsets in
      let (outside, inside) = (strided + offsets[0] * size, dense.address + position * size)
      for bytes in [16, 8, 4] where bytes > size && outside.isAligned(to: bytes) && inside.isAligned(to: bytes) {
        if let wide = part.widened(bytes / size) { return body(bytes * 8, wide, outside, inside) }
      }
      body(size * 8, part, outside, inside)
    }
  }

  func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into result: Tensor) {
    guard result.count > 0 else { return }
    let size = result.dtype.byteCount
    let operands = [condition, a, b]
    let dimensions = MergedDimensions(
      shape: result.shape, strides: operands.map { Shape.broadcastStrides($0.shape, to: result.shape) })
    dimensions.forEachPart { part, position, offsets in
      func address(_ operand: Int) -> UnsafeMutableRawPointer? {
        operands[operand].device == .cpu ? nil : operands[operand].address + offsets[operand] * size
      }
      launch(
        "select_\(size * 8)", in: .copies, over: part.count, Walk(part), part.count, Int32(part.isShort ? 1 : 0),
        condition.address + offsets[0], address(1), a.singleBits, address(2), b.singleBits,
        result.address + position * size)
    }
  }
}

extension MergedDimensions {
  /// The same with units of `width` neighbouring elements in place of elements, in sizes and in strides.
  fileprivate func widened(_ width: Int) -> MergedDimensions? {
    guard let last = sizes.last, last % width == 0 else { return nil }
    let steps = strides[0]
    guard steps[sizes.count - 1] == 1, steps.dropLast().allSatisfy({ $0 % width == 0 }) else { return nil }
    var wide = self
    wide.sizes[sizes.count - 1] /= width
    wide.strides[0] = steps.dropLast().map { $0 / width } + [1]
    return wide
  }
}

extension Tensor {
  /// The bits of the only element, if it is in the processor's memory; else 0.
  fileprivate var singleBits: UInt64 {
    guard device == .cpu else { return 0 }
    return switch dtype {
    case .float32: UInt64(pointer(Float.self)[0].bitPattern)
    case .float64: pointer(Double.self)[0].bitPattern
    case .int64: UInt64(bitPattern: pointer(Int64.self)[0])
    case .uint8: UInt64(pointer(UInt8.self)[0])
    case .bool: pointer(Bool.self)[0] ? 1 : 0
    }
  }
}
