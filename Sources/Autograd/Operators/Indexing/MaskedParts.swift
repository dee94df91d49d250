extension Tensor {
  /// The elements at which a mask is true, in row-major order, or the rows where the mask is of the first dimensions only;
  /// or the rows of which the numbers are given.
  ///
  ///     x[x .< 0]               // the negative elements
  ///     x[x .< 0] = Tensor(0)   // replaces each by zero
  ///     x[isMissing] = rows     // replaces as many rows of a matrix
  ///     x[.randperm(10)]        // ten rows in another order
  ///
  /// As in PyTorch this is a copy, of shape [count] and then the dimensions that a mask has not; of rows by their numbers,
  /// of the shape of these and then that of a row. What is assigned is broadcast to that shape and converted to this
  /// tensor's type, and gradients flow as for other parts; of several values for one row the last stays. On a GPU the work
  /// of a mask and of assignments is waited for, which ``filled(with:where:)`` does not.
  ///
  /// - Parameter places: Of type `bool`, with the shape of this tensor or of its first dimensions, or of `int64`, where -1
  ///   is the last row; anything else traps.
  public subscript(places: Tensor) -> Tensor {
    get {
      places.dtype == .int64
        ? IndexedRows(places, of: self).taken(from: self) : MaskedPart(places, of: self).taken(from: self)
    }
    set {
      if places.dtype == .int64 {
        IndexedRows(places, of: self).assign(newValue, to: self)
      } else {
        MaskedPart(places, of: self).assign(newValue, to: self)
      }
    }
  }
}

/// The elements or rows of a tensor at which a mask is true.
private struct MaskedPart: AssignablePart {
  static var assignmentName: StaticString { "IndexPutBackward0" }

  private let mask: Tensor
  /// The shape of the tensor with one dimension for those of the mask: of its rows, which may be elements.
  private let rows: [Int]
  /// The rows where the mask is true.
  private let places: Tensor
  let shapeOfPart: [Int]

  init(_ mask: Tensor, of whole: Tensor) {
    precondition(
      mask.dtype == .bool,
      "a tensor of \(mask.dtype) in a subscript, expected a mask of bool or numbers of rows in int64")
    precondition(
      whole.shape.starts(with: mask.shape),
      "a mask of shape \(mask.shape) for a tensor of shape \(whole.shape), expected that shape or its first dimensions")
    let rest = whole.shape[mask.rank...]
    rows = [mask.count] + rest
    // The gradient of an assignment is wanted when the caller may have changed the mask.
    self.mask = mask.to(whole.device).reshaped([mask.count]).cloned()
    places = self.mask.nonzero().reshaped([-1])
    shapeOfPart = [places.count] + rest
  }

  func taken(from x: Tensor) -> Tensor {
    IndexedPlaces(places, isShared: true, along: 0, of: rows, size: places.count)
      .gather(from: x.reshaped(rows), as: "IndexBackward0")
  }

  func place(_ values: Tensor, into whole: Tensor) {
    guard values.count > 0 else { return }
    // The number of each row's value is that of the rows before it that have one.
    let counts = mask.cumulativeSum(0) - 1
    let numbers = counts.filled(with: 0, where: counts .< 0)
    let spread = IndexedPlaces(numbers, isShared: true, along: 0, of: shapeOfPart, size: rows[0])
      .gather(from: values, as: "IndexBackward0")
    let column = mask.reshaped([rows[0]] + rows.dropFirst().map { _ in 1 })
    whole.assign(.select(column, spread, whole.detached().reshaped(rows)))
  }
}
