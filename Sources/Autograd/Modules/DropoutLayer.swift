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

/// Whole channels set to 0 at random while training: what ``Dropout1d``, ``Dropout2d`` and ``Dropout3d`` have in common.
public class ChannelDropout: Module, Layer {
  private let probability: Double
  private let generator: RandomGenerator?
  private let shape: String
  private let rank: Int

  fileprivate init(_ probability: Double, _ generator: RandomGenerator?, rank: Int, shape: String) {
    self.probability = probability
    self.generator = generator
    self.rank = rank
    self.shape = shape
    super.init()
    precondition(
      (0...1).contains(probability), "\(Self.self) with a probability of \(probability), which is not in 0...1")
  }

  /// The result has the shape of `x`, of a batch; it is `x` itself in evaluation.
  public final func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(x.rank == rank, "\(Self.self): shape \(x.shape), expected \(shape)")
    return x.channelDropout(probability: probability, training: isTraining, generator: generator)
  }
}

/// Whole channels of sequences, [N, C, L], set to 0 at random while training, as `torch.nn.Dropout1d`.
public final class Dropout1d: ChannelDropout {
  /// A layer that drops channels with a probability and divides the others by that of being kept; draws come from the
  /// thread's default generator unless another is given.
  public init(_ probability: Double = 0.5, generator: RandomGenerator? = nil) {
    super.init(probability, generator, rank: 3, shape: "[N, C, L]")
  }
}

/// Whole channels of images, [N, C, H, W], set to 0 at random while training, as `torch.nn.Dropout2d`: for images whose
/// neighbouring pixels are much alike.
public final class Dropout2d: ChannelDropout {
  /// A layer that drops channels with a probability and divides the others by that of being kept; draws come from the
  /// thread's default generator unless another is given.
  public init(_ probability: Double = 0.5, generator: RandomGenerator? = nil) {
    super.init(probability, generator, rank: 4, shape: "[N, C, H, W]")
  }
}

/// Whole channels of volumes, [N, C, D, H, W], set to 0 at random while training, as `torch.nn.Dropout3d`.
public final class Dropout3d: ChannelDropout {
  /// A layer that drops channels with a probability and divides the others by that of being kept; draws come from the
  /// thread's default generator unless another is given.
  public init(_ probability: Double = 0.5, generator: RandomGenerator? = nil) {
    super.init(probability, generator, rank: 5, shape: "[N, C, D, H, W]")
  }
}
