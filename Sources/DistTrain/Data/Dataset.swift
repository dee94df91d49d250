/// Samples that can be picked by number: conform to it to train on a data set of one's own.
///
/// A loader may ask for batches on a background thread, so a data set is `Sendable`, and what it gives for a sample
/// must depend on the sample's number only, not on what was asked before.
public protocol Dataset: Sendable {
  /// The number of samples.
  var count: Int { get }
  /// The samples with the given numbers, each from 0 to `count - 1`, in that order. There may be none: a rank without
  /// samples then gets tensors of shape [0, …].
  ///
  /// - Throws: When samples cannot be read.
  func batch(_ indices: [Int]) throws -> Batch
  /// What ``batch(_:)`` gathers from, a column for each tensor of a batch, where all samples are in memory; `nil`, which
  /// is the default, where they are not. A GPU gets a copy of it if that fits, and then gathers batches itself. Each
  /// column has ``count`` samples, no more and no fewer; this is checked before the copy.
  var columns: [SampleColumn]? { get }
}

extension Dataset {
  /// None: batches are asked for one by one.
  public var columns: [SampleColumn]? { nil }
}
