/// The mean over parts of an image that cover it evenly, as `torch.nn.AdaptiveAvgPool2d`: a result of one size for images of
/// any.
public final class AdaptiveAvgPool2d: Module, Layer {
  private let size: (Int, Int)

  /// Results of `size` rows and columns.
  public convenience init(_ size: Int) { self.init((size, size)) }

  /// Results of as many rows as the first number says and as many columns as the second.
  public init(_ size: (Int, Int)) {
    precondition(size.0 > 0 && size.1 > 0, "AdaptiveAvgPool2d: a result of \(size.0) rows and \(size.1) columns")
    self.size = size
  }

  /// [N, C, H, W] → [N, C, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.adaptiveAveragePool2d(size) }
}

/// The largest element of parts of an image that cover it evenly, as `torch.nn.AdaptiveMaxPool2d`.
public final class AdaptiveMaxPool2d: Module, Layer {
  private let size: (Int, Int)

  /// Results of `size` rows and columns.
  public convenience init(_ size: Int) { self.init((size, size)) }

  /// Results of as many rows as the first number says and as many columns as the second.
  public init(_ size: (Int, Int)) {
    precondition(size.0 > 0 && size.1 > 0, "AdaptiveMaxPool2d: a result of \(size.0) rows and \(size.1) columns")
    self.size = size
  }

  /// [N, C, H, W] → [N, C, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.adaptiveMaxPool2d(size) }
}

/// The mean over parts of a sequence that cover it evenly, as `torch.nn.AdaptiveAvgPool1d`.
public final class AdaptiveAvgPool1d: Module, Layer {
  private let size: Int

  /// Results of `size` elements.
  public init(_ size: Int) {
    precondition(size > 0, "AdaptiveAvgPool1d: a result of \(size) elements")
    self.size = size
  }

  /// [N, C, L] → [N, C, L′].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.unsqueezed(2).adaptiveAveragePool2d((1, size)).squeezed(2) }
}

/// The largest element of parts of a sequence that cover it evenly, as `torch.nn.AdaptiveMaxPool1d`.
public final class AdaptiveMaxPool1d: Module, Layer {
  private let size: Int

  /// Results of `size` elements.
  public init(_ size: Int) {
    precondition(size > 0, "AdaptiveMaxPool1d: a result of \(size) elements")
    self.size = size
  }

  /// [N, C, L] → [N, C, L′].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.unsqueezed(2).adaptiveMaxPool2d((1, size)).squeezed(2) }
}

/// The mean over parts of a volume that cover it evenly, as `torch.nn.AdaptiveAvgPool3d`.
public final class AdaptiveAvgPool3d: Module, Layer {
  private let size: (Int, Int, Int)

  /// Results of `size` slices, rows and columns.
  public convenience init(_ size: Int) { self.init((size, size, size)) }

  /// Results of as many slices, rows and columns as the numbers say.
  public init(_ size: (Int, Int, Int)) {
    precondition(
      size.0 > 0 && size.1 > 0 && size.2 > 0,
      "AdaptiveAvgPool3d: a result of \(size.0) slices, \(size.1) rows and \(size.2) columns")
    self.size = size
  }

  /// [N, C, D, H, W] → [N, C, D′, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.adaptiveAveragePool3d(size) }
}

/// The largest element of parts of a volume that cover it evenly, as `torch.nn.AdaptiveMaxPool3d`.
public final class AdaptiveMaxPool3d: Module, Layer {
  private let size: (Int, Int, Int)

  /// Results of `size` slices, rows and columns.
  public convenience init(_ size: Int) { self.init((size, size, size)) }

  /// Results of as many slices, rows and columns as the numbers say.
  public init(_ size: (Int, Int, Int)) {
    precondition(
      size.0 > 0 && size.1 > 0 && size.2 > 0,
      "AdaptiveMaxPool3d: a result of \(size.0) slices, \(size.1) rows and \(size.2) columns")
    self.size = size
  }

  /// [N, C, D, H, W] → [N, C, D′, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.adaptiveMaxPool3d(size) }
}
