extension Tensor {
  /// The mean over parts of an image that cover it evenly, as `torch.nn.functional.adaptive_avg_pool2d`: the parts overlap
  /// where the size of the result does not divide that of the image.
  ///
  /// - Parameter size: Rows and columns of the result.
  /// - Returns: [N, C, rows, columns] for this tensor's [N, C, H, W].
  public func adaptiveAveragePool2d(_ size: (Int, Int)) -> Tensor {
    let whole = wholeParts(size, of: "adaptiveAveragePool2d")
    if size == (1, 1) { return mean([2, 3], keepingDimensions: true) }
    if let whole { return averagePool2d(whole) }
    return eachPart(of: size) { $0.mean([$1], keepingDimensions: true) }
  }

  /// The largest element of parts of an image that cover it evenly, as `torch.nn.functional.adaptive_max_pool2d`: the parts
  /// overlap where the size of the result does not divide that of the image.
  ///
  /// - Parameter size: Rows and columns of the result.
  /// - Returns: [N, C, rows, columns] for this tensor's [N, C, H, W].
  public func adaptiveMaxPool2d(_ size: (Int, Int)) -> Tensor {
    if let whole = wholeParts(size, of: "adaptiveMaxPool2d") { return maxPool2d(whole) }
    return eachPart(of: size) { $0.maximum(along: $1, keepingDimensions: true).values }
  }

  /// The mean over parts of a volume that cover it evenly, as `torch.nn.functional.adaptive_avg_pool3d`.
  ///
  /// - Parameter size: Slices, rows and columns of the result.
  /// - Returns: [N, C, slices, rows, columns] for this tensor's [N, C, D, H, W].
  public func adaptiveAveragePool3d(_ size: (Int, Int, Int)) -> Tensor {
    pooledInTurn("adaptiveAveragePool3d") {
      $0.adaptiveAveragePool2d((size.1, size.2))
    } alongDepth: {
      $0.adaptiveAveragePool2d((size.0, $0.shape[3]))
    }
  }

  /// The largest element of parts of a volume that cover it evenly, as `torch.nn.functional.adaptive_max_pool3d`.
  ///
  /// - Parameter size: Slices, rows and columns of the result.
  /// - Returns: [N, C, slices, rows, columns] for this tensor's [N, C, D, H, W].
  public func adaptiveMaxPool3d(_ size: (Int, Int, Int)) -> Tensor {
    pooledInTurn("adaptiveMaxPool3d") {
      $0.adaptiveMaxPool2d((size.1, size.2))
    } alongDepth: {
      $0.adaptiveMaxPool2d((size.0, $0.shape[3]))
    }
  }

  /// Rows and columns of the parts that an image is cut into, where no two share any.
  private func wholeParts(_ size: (Int, Int), of operation: StaticString) -> (Int, Int)? {
    precondition(
      rank == 4 && shape[2] > 0 && shape[3] > 0 && size.0 > 0 && size.1 > 0,
      "\(operation) to \(size) of shape \(shape): needs shape [N, C, H, W] with pixels, and a size")
    guard shape[2] % size.0 == 0 && shape[3] % size.1 == 0 else { return nil }
    return (shape[2] / size.0, shape[3] / size.1)
  }

  /// An image of what `reduce` leaves of each part along a dimension: columns first, so that of equal elements the first, row by
  /// row, is the first found.
  private func eachPart(of size: (Int, Int), _ reduce: (Tensor, _ dimension: Int) -> Tensor) -> Tensor {
    [(3, size.1), (2, size.0)].reduce(self) { image, step in
      let (dimension, number) = step
      let size = image.shape[dimension]
      guard number != size else { return image }
      return .concatenated(
        (0..<number).map { part in
          let range = part * size / number..<((part + 1) * size + number - 1) / number
          return reduce(image.sliced(range, along: dimension), dimension)
        }, dimension: dimension)
    }
  }
}
