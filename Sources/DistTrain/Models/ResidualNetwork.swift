import Autograd

/// A residual network of 18 layers for square images in color, with the names of `torchvision`'s `resnet18`, so that each
/// reads the other's weights.
///
/// K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016. As the paper has it for
/// ImageNet, the image is made four times smaller before the first block; below 64 pixels a 3×3 convolution of stride 1 stands
/// there, as it is usual for CIFAR-10.
public final class ResidualNetwork: Module, Layer {
  /// The names of `torchvision`'s `ResNet`.
  override public class var stateNames: [String: String] { ["norm1": "bn1", "head": "fc"] }

  private let conv1: Conv2d
  private let norm1: BatchNorm2d
  private let pool: MaxPool2d?
  private let layer1: Sequential
  private let layer2: Sequential
  private let layer3: Sequential
  private let layer4: Sequential
  private let average: AvgPool2d
  private let head: Linear

  /// A model for images of `imageSize` rows and columns in `classes`.
  public init(imageSize: Int, classes: Int) {
    let isSmall = imageSize < 64
    conv1 = Conv2d(
      3, 64, kernel: isSmall ? 3 : 7, stride: isSmall ? 1 : 2, padding: isSmall ? 1 : 3, bias: false)
    norm1 = BatchNorm2d(64)
    pool = isSmall ? nil : MaxPool2d(3, stride: 2, padding: 1)
    layer1 = Sequential(ResidualBlock(64, 64), ResidualBlock(64, 64))
    layer2 = Sequential(ResidualBlock(64, 128, stride: 2), ResidualBlock(128, 128))
    layer3 = Sequential(ResidualBlock(128, 256, stride: 2), ResidualBlock(256, 256))
    layer4 = Sequential(ResidualBlock(256, 512, stride: 2), ResidualBlock(512, 512))
    let reduction = isSmall ? 8 : 32
    average = AvgPool2d((imageSize + reduction - 1) / reduction)
    head = Linear(512, classes)
  }

  /// [N, classes] for [N, 3, imageSize, imageSize].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let stem = norm1.rectified(conv1(x))
    let features = layer4(layer3(layer2(layer1(pool?(stem) ?? stem))))
    return head(average(features).flattened(from: 1))
  }
}
