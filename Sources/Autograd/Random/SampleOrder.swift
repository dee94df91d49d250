/// The orders in which an epoch visits the samples of a data set.
public enum SampleOrder {
  /// The order of an epoch as a pure function of seed and epoch, the same on every rank: that of PyTorch's
  /// `DistributedSampler(shuffle=True)`, of which rank r of w takes the elements r, r + w, r + 2w …
  public static func epochOrder(count: Int, seed: UInt64, epoch: Int) -> [Int] {
    RandomGenerator(seed: seed &+ UInt64(bitPattern: Int64(epoch))).permutation(count: count)
  }

  /// The order of the next epoch of PyTorch's `DataLoader(shuffle=True)`, which draws twice from the shared generator
  /// at the start of every epoch: a seed for what worker processes draw, and the seed of the permutation.
  public static func shuffledOrder(
    count: Int, drawingFrom generator: RandomGenerator
  ) -> (order: [Int], workerSeed: UInt64) {
    let workerSeed = generator.nonNegativeInt64()
    return (RandomGenerator(seed: generator.nonNegativeInt64()).permutation(count: count), workerSeed)
  }
}
