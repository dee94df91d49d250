/// What is subtracted from each channel's values, which are from 0 to 1, and what they are then divided by.
public struct PictureNormalization: Sendable {
  /// A number for each channel.
  public let mean: [Float]
  /// A number for each channel, none of them 0.
  public let standardDeviation: [Float]

  /// As `torchvision.transforms.Normalize`.
  public init(mean: [Float], standardDeviation: [Float]) {
    precondition(
      mean.count == standardDeviation.count && !standardDeviation.contains(0),
      "means \(mean) and standard deviations \(standardDeviation), expected as many, and none of the latter 0")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// That of `torchvision`'s models, which were trained on ImageNet.
  public static let imageNet = PictureNormalization(
    mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])

  func ofChannel(_ channel: Int) -> (mean: Float, deviation: Float) { (mean[channel], standardDeviation[channel]) }
}
