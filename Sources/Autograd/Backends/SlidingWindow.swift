/// A window that slides over the rows and columns of an image.
struct SlidingWindow: Equatable, Sendable {
  var kernel: (Int, Int)
  var stride: (Int, Int)
  var padding: (Int, Int)
  var dilation: (Int, Int)

  static func == (a: SlidingWindow, b: SlidingWindow) -> Bool {
    a.kernel == b.kernel && a.stride == b.stride && a.padding == b.padding && a.dilation == b.dilation
  }

  /// Traps where a size is none.
  func requireValid(for operation: String) {
    precondition(
      kernel.0 > 0 && kernel.1 > 0 && stride.0 > 0 && stride.1 > 0 && dilation.0 > 0 && dilation.1 > 0
        && padding.0 >= 0 && padding.1 >= 0,
      "\(operation): kernel \(kernel), stride \(stride), dilation \(dilation) must be positive and padding \(padding) not negative"
    )
  }

  /// The rows and columns of the result for an image of the given height and width.
  ///
  /// - Parameter roundsUp: Whether a window may end beyond image and padding; it begins in the image or the padding
  ///   before it.
  func outputSize(height: Int, width: Int, roundsUp: Bool = false, of operation: String) -> (Int, Int) {
    requireValid(for: operation)
    func outputs(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int {
      let room = size + 2 * padding - dilation * (kernel - 1) - 1 + (roundsUp ? stride - 1 : 0)
      precondition(
        room >= 0,
        "\(operation): a kernel of \(self.kernel) with dilation \(self.dilation) does not fit an image of "
          + "\(height) × \(width) with padding \(self.padding)")
      let last = room / stride
      return roundsUp && last * stride >= size + padding ? last : last + 1
    }
    return (
      outputs(height, kernel.0, stride.0, padding.0, dilation.0),
      outputs(width, kernel.1, stride.1, padding.1, dilation.1)
    )
  }
}
