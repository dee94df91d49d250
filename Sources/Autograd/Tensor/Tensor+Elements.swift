extension Tensor {
  /// The only element of a tensor, as a double; a tensor of any other count traps.
  public func item() -> Double {
    precondition(count == 1, "item() needs a tensor with one element, this one has shape \(shape)")
    return detached().cpu().cast(to: .float64).withElements(of: Double.self) { $0[0] }
  }

  /// Replaces the elements by as many values, converted to the type of this tensor, without regard to any graph.
  func assign(_ values: [Double]) {
    replaceElements(by: Tensor(values, shape: shape))
  }

  /// Replaces the elements by those of another tensor of this shape, of which no graph knows.
  func replaceElements(by other: Tensor) {
    storage.version &+= 1
    assign(other)
  }

  /// The elements in row-major order, converted to `T` where the type differs.
  public func array<T: TensorElement>(of type: T.Type = T.self) -> [T] {
    let source = dtype == T.dataType ? self : detached().cpu().cast(to: T.dataType)
    return source.withElements(of: T.self) { Array($0) }
  }

  /// Calls `body` with the elements in row-major order, without a copy if they are in the processor's memory.
  ///
  /// `T` must be the Swift type of `dtype`; any other traps.
  public func withElements<T: TensorElement, R>(
    of type: T.Type = T.self, _ body: (UnsafeBufferPointer<T>) throws -> R
  ) rethrows -> R {
    precondition(T.dataType == dtype, "a tensor of \(dtype) was read as \(T.dataType)")
    let source = detached().cpu()
    return try withExtendedLifetime(source) {
      try body(UnsafeBufferPointer(start: source.pointer(T.self), count: count))
    }
  }

  /// Calls `body` with the elements for writing, and counts it as a change in place.
  ///
  /// `T` must be the Swift type of `dtype`; any other traps, and so does a copy of a part of another tensor, as
  /// `t[0..., 0]` is. Elements on another device are copied from there and back.
  public func withMutableElements<T: TensorElement, R>(
    of type: T.Type = T.self, _ body: (UnsafeMutableBufferPointer<T>) throws -> R
  ) rethrows -> R {
    precondition(T.dataType == dtype, "a tensor of \(dtype) was written as \(T.dataType)")
    precondition(!storage.isCopyOfPart, "\(AutogradError.copyChangedInPlace)")
    return try withMutableBytes { try body($0.assumingMemoryBound(to: T.self)) }
  }
}

extension Tensor {
  /// Calls `body` with the memory of the elements, row-major and in the machine's byte order, or with a copy if they are
  /// on another device.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    let source = detached().cpu()
    return try withExtendedLifetime(source) {
      try body(UnsafeRawBufferPointer(start: source.address, count: count * dtype.byteCount))
    }
  }

  /// Calls `body` with the memory of the elements for writing, and counts it as a change in place. Elements on another
  /// device are copied from there and back.
  public func withMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
    storage.version &+= 1
    let target = detached().cpu()
    defer { if device != .cpu { assign(target) } }
    return try withExtendedLifetime(target) {
      try body(UnsafeMutableRawBufferPointer(start: target.address, count: count * dtype.byteCount))
    }
  }
}
