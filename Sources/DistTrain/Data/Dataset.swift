/// Samples that can be picked by number: conform to it to train on a data set of one's own.
///
/// A loader may ask for batches on a background thread, so a data set is `Sendable`, and what it gives for a sample
/// must depend on the sample's number, and in training on the epoch's seed, only, not on what was asked before.
public protocol Dataset: Sendable {
  /// The number of samples.
  var count: Int { get }
  /// The samples with the given numbers, each from 0 to `count - 1`, in that order. There may be none: a rank without
  /// samples then gets tensors of shape [0, …].
  ///
  /// - Throws: When samples cannot be read.
  func batch(_ indices: [Int]) throws -> Batch
  /// The samples with the given numbers as they are to be learned from in one epoch: what a loader asks for. As
  /// ``batch(_:)`` gives them unless the data set changes them at random, as ``AugmentedDataset`` does.
  ///
  /// - Parameters:
  ///   - indices: As of ``batch(_:)``.
  ///   - epochSeed: A number that is another in every epoch, and the same on all ranks. What is random about a sample
  ///     must follow from it and the sample's number alone.
  /// - Throws: When samples cannot be read.
  func batch(_ indices: [Int], epochSeed: UInt64) throws -> Batch
  /// What ``batch(_:)`` gathers from, a column for each tensor of a batch, where all samples are in memory; `nil`,
  /// the default, where they are not. Under `disttrain` a GPU gets a copy of it if that fits, and then gathers batches
  /// itself. Each column has ``count`` samples, no more and no fewer; this is checked before the copy.
  var columns: [SampleColumn]? { get }
}

extension Dataset {
  /// ``batch(_:)``.
  public func batch(_ indices: [Int], epochSeed: UInt64) throws -> Batch { try batch(indices) }

  /// None: batches are asked for one by one.
  public var columns: [SampleColumn]? { nil }
}
