import Autograd

/// Two 3×3 convolutions with batch normalization, added to the input: a basic block of a residual network.
///
///     ReLU(norm(conv(ReLU(norm(conv(x))))) + shortcut(x))
///
/// K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016. The shortcut is a 1×1
/// convolution with batch normalization where channels or size change, else the input itself.
public final class ResidualBlock: Module, Layer {
  /// The last normalization is computed with the sum and the ReLU, and named as a part of the body.
  override public class var stateNames: [String: String] { ["norm": "body.4"] }

  private let body: Sequential
  private let norm: BatchNorm2d
  private let shortcut: Sequential?

  /// A block from `inputs` to `outputs` channels, whose first convolution has the given stride.
  public init(_ inputs: Int, _ outputs: Int, stride: Int = 1) {
    body = Sequential(
      Conv2d(inputs, outputs, kernel: 3, stride: stride, padding: 1, bias: false), BatchNorm2d(outputs), ReLU(),
      Conv2d(outputs, outputs, kernel: 3, padding: 1, bias: false))
    norm = BatchNorm2d(outputs)
    shortcut =
      inputs == outputs && stride == 1
      ? nil : Sequential(Conv2d(inputs, outputs, kernel: 1, stride: stride, bias: false), BatchNorm2d(outputs))
  }

  /// [N, outputs, H / stride, W / stride] for [N, inputs, H, W].
  public func callAsFunction(_ x: Tensor) -> Tensor { norm.rectified(body(x), adding: shortcut?(x) ?? x) }
}
