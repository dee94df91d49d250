/// The rows of a tensor that numbers name.
struct IndexedRows: AssignablePart {
  static var assignmentName: StaticString { "IndexPutBackward0" }

  /// [count], each from 0 to the number of rows − 1.
  private let numbers: Tensor
  private let rowCount: Int
  let shapeOfPart: [Int]

  /// - Parameter numbers: Of `int64` and any shape; negative ones count from the end. Others than of rows trap.
  init(_ numbers: Tensor, of whole: Tensor) {
    precondition(whole.rank > 0, "a subscript of \(numbers.shape) for a tensor without dimensions")
    rowCount = whole.shape[0]
    shapeOfPart = numbers.shape + whole.shape.dropFirst()
    let flat = numbers.to(whole.device).reshaped([numbers.count])
    // A copy: the gradient is wanted when the caller may have changed the numbers. Those of no row stay, for messages.
    self.numbers = .select((flat .< 0) .& (flat .>= -rowCount), flat + rowCount, flat)
  }

  func taken(from x: Tensor) -> Tensor {
    IndexedPlaces(numbers, isShared: true, along: 0, of: x.shape, size: numbers.count, operation: "subscript")
      .gather(from: x, as: "IndexBackward0").reshaped(shapeOfPart)
  }

  /// Of several values for one row the last stays.
  func place(_ values: Tensor, into whole: Tensor) {
    guard values.count > 0 else { return }
    let origins = Tensor(origins(in: whole.shape)).to(whole.device)
    let spread = IndexedPlaces(
      origins.filled(with: 0, where: origins .< 0), isShared: true, along: 0,
      of: [numbers.count] + whole.shape.dropFirst(), size: rowCount
    )
    .gather(from: values.reshaped([numbers.count] + whole.shape.dropFirst()), as: "IndexBackward0")
    let isReplaced = (origins .>= 0).reshaped([rowCount] + whole.shape.dropFirst().map { _ in 1 })
    whole.assign(.select(isReplaced, spread, whole.detached()))
  }

  /// 0 for values that others for the same row have replaced, where PyTorch gives them the gradient of those.
  func gradientOfValues(_ gradient: Tensor) -> Tensor {
    let values = taken(from: gradient)
    var stays = [Int](repeating: 0, count: numbers.count)
    for origin in origins(in: gradient.shape) where origin >= 0 { stays[origin] = 1 }
    guard stays.contains(0) else { return values }
    let shape = shapeOfPart.dropLast(gradient.rank - 1) + gradient.shape.dropFirst().map { _ in 1 }
    return values.filled(with: 0, where: (Tensor(stays, shape: Array(shape)) .== 0).to(gradient.device))
  }

  /// For every row of a tensor of this shape the place of its value among the numbers, the last of several; -1 for none.
  private func origins(in shape: [Int]) -> [Int] {
    var result = [Int](repeating: -1, count: rowCount)
    for (place, row) in numbers.array(of: Int.self).enumerated() {
      precondition(result.indices.contains(row), "subscript: row \(row) of a tensor of shape \(shape)")
      result[row] = place
    }
    return result
  }
}
