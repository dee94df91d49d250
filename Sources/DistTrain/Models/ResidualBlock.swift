import Autograd

/// Two 3×3 convolutions with batch normalization, added to the input: a basic block of a residual network.
///
///     ReLU(norm(conv(ReLU(norm(conv(x))))) + shortcut(x))
///
/// K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016. The shortcut is a 1×1
/// convolution with batch normalization where channels or size change, else the input itself.
public final class ResidualBlock: Module, Layer {
  /// The names of `torchvision`'s `BasicBlock`.
  override public class var stateNames: [String: String] {
    ["norm1": "bn1", "norm2": "bn2", "shortcut": "downsample"]
  }

  private let conv1: Conv2d
  private let norm1: BatchNorm2d
  private let conv2: Conv2d
  private let norm2: BatchNorm2d
  private let shortcut: Sequential?

  /// A block from `inputs` to `outputs` channels, whose first convolution has the given stride.
  public init(_ inputs: Int, _ outputs: Int, stride: Int = 1) {
    conv1 = Conv2d(inputs, outputs, kernel: 3, stride: stride, padding: 1, bias: false)
    norm1 = BatchNorm2d(outputs)
    conv2 = Conv2d(outputs, outputs, kernel: 3, padding: 1, bias: false)
    norm2 = BatchNorm2d(outputs)
    shortcut =
      inputs == outputs && stride == 1
      ? nil : Sequential(Conv2d(inputs, outputs, kernel: 1, stride: stride, bias: false), BatchNorm2d(outputs))
  }

  /// [N, outputs, H / stride, W / stride] for [N, inputs, H, W].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    norm2.rectified(conv2(norm1.rectified(conv1(x))), adding: shortcut?(x) ?? x)
  }
}
