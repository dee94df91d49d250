/// Elements set to 0 at random while training, as `torch.nn.Dropout`.
public final class Dropout: Module, Layer {
  private let probability: Double
  private let generator: RandomGenerator?

  /// A layer that drops elements.
  ///
  /// - Parameters:
  ///   - probability: Of an element being dropped; the others are divided by the probability of being kept.
  ///   - generator: Where the draws come from; the thread's default one if left out.
  public init(_ probability: Double = 0.5, generator: RandomGenerator? = nil) {
    precondition((0...1).contains(probability), "Dropout with a probability of \(probability), which is not in 0...1")
    self.probability = probability
    self.generator = generator
  }

  /// The result has the shape of `x`; it is `x` itself in evaluation.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.dropout(probability: probability, training: isTraining, generator: generator)
  }
}

/// Whole channels set to 0 at random while training, as `torch.nn.Dropout2d`: for images whose neighbouring pixels are much
/// alike.
public final class Dropout2d: Module, Layer {
  private let probability: Double
  private let generator: RandomGenerator?

  /// A layer that drops channels.
  ///
  /// - Parameters:
  ///   - probability: Of a channel being dropped; the others are divided by the probability of being kept.
  ///   - generator: Where the draws come from; the thread's default one if left out.
  public init(_ probability: Double = 0.5, generator: RandomGenerator? = nil) {
    precondition((0...1).contains(probability), "Dropout2d with a probability of \(probability), which is not in 0...1")
    self.probability = probability
    self.generator = generator
  }

  /// The result has the shape of `x`, [N, C, H, W]; it is `x` itself in evaluation.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(x.rank == 4, "Dropout2d: shape \(x.shape), expected [N, C, H, W]")
    return x.channelDropout(probability: probability, training: isTraining, generator: generator)
  }
}
