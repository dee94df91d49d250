/// A tensor that belongs to a module's state without being learned, such as a running mean.
public final class Buffer: Tensor {
  /// A buffer with the elements of `initial`, in the same memory.
  public init(_ initial: Tensor) {
    super.init(sharing: initial)
    storage.isCopyOfPart = false
  }
}
