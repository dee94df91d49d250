/// Which samples the epochs of a ``ShardLoader`` visit, in which order and how often: a data set's in equal numbers from each
/// class, those that were hard, or a part.
///
///     struct EveryOther: Sampler {
///       let count = 300
///
///       func samples(seed: UInt64, epoch: Int) -> [Int] {
///         SampleOrder.epochOrder(count: count, seed: seed, epoch: epoch).map { 2 * $0 }
///       }
///     }
public protocol Sampler: Sendable {
  /// The samples of an epoch, each as often as it is visited.
  var count: Int { get }

  /// The numbers of the samples of an epoch, ``count`` of them.
  ///
  /// They follow from the arguments alone, so that all ranks get the same, and a run that goes on in the middle of an
  /// epoch gets those that it had.
  ///
  /// - Parameters:
  ///   - seed: That of the loader.
  ///   - epoch: The number of the epoch, from 0.
  func samples(seed: UInt64, epoch: Int) -> [Int]
}
