// As for tensors, the target is the same tensor afterwards, with other elements.

extension Tensor {
  /// Adds a number in place.
  ///
  /// - Throws: ``AutogradError`` where adding a tensor would.
  public static func += (target: Tensor, value: Double) throws { try target += target.scalar(value) }

  /// Subtracts a number in place.
  ///
  /// - Throws: ``AutogradError`` where subtracting a tensor would.
  public static func -= (target: Tensor, value: Double) throws { try target -= target.scalar(value) }

  /// Multiplies by a number in place.
  ///
  /// - Throws: ``AutogradError`` where multiplying by a tensor would.
  public static func *= (target: Tensor, value: Double) throws { try target *= target.scalar(value) }

  /// Divides by a number in place.
  ///
  /// - Throws: ``AutogradError`` where dividing by a tensor would.
  public static func /= (target: Tensor, value: Double) throws { try target /= target.scalar(value) }
}

extension Tensor {
  /// Adds a number in place.
  ///
  /// - Throws: ``AutogradError`` where adding a tensor would.
  @_disfavoredOverload
  public static func += (target: Tensor, value: Int) throws { try target += target.scalar(value) }

  /// Subtracts a number in place.
  ///
  /// - Throws: ``AutogradError`` where subtracting a tensor would.
  @_disfavoredOverload
  public static func -= (target: Tensor, value: Int) throws { try target -= target.scalar(value) }

  /// Multiplies by a number in place.
  ///
  /// - Throws: ``AutogradError`` where multiplying by a tensor would.
  @_disfavoredOverload
  public static func *= (target: Tensor, value: Int) throws { try target *= target.scalar(value) }

  /// Divides by a number in place.
  ///
  /// - Throws: ``AutogradError`` where dividing by a tensor would.
  @_disfavoredOverload
  public static func /= (target: Tensor, value: Int) throws { try target /= target.scalar(value) }
}
