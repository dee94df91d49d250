/// A tensor that a module learns: found by reflection, and requiring gradients unless it is frozen.
public final class Parameter: Tensor {
  /// A parameter with the elements of `initial`, in the same memory.
  public init(_ initial: Tensor, requiresGrad: Bool = true) {
    precondition(initial.dtype.isFloatingPoint, "a parameter must be float32 or float64, not \(initial.dtype)")
    super.init(sharing: initial)
    storage.isCopyOfPart = false
    self.requiresGrad = requiresGrad
  }
}
