import Autograd

/// Some samples of a data set, by their numbers, as `torch.utils.data.Subset`.
public struct Subset: Dataset {
  /// The data set that the samples are of.
  public let dataset: any Dataset
  /// Their numbers there, in the order in which they are numbered here.
  public let indices: [Int]

  /// The samples of `dataset` with the given numbers; one that is not there traps.
  public init(_ dataset: any Dataset, indices: [Int]) {
    if let wrong = indices.first(where: { !(0..<dataset.count).contains($0) }) {
      preconditionFailure("a subset with sample \(wrong) of \(dataset.count)")
    }
    self.dataset = dataset
    self.indices = indices
  }

  /// The number of samples.
  public var count: Int { indices.count }

  /// The samples with the given numbers of the subset.
  /// - Throws: What the data set throws.
  public func batch(_ indices: [Int]) throws -> Batch { try dataset.batch(indices.map { self.indices[$0] }) }

  /// The same, as they are in an epoch.
  /// - Throws: What the data set throws.
  public func batch(_ indices: [Int], epochSeed: UInt64) throws -> Batch {
    try dataset.batch(indices.map { self.indices[$0] }, epochSeed: epochSeed)
  }
}

extension Dataset {
  /// Cuts the data set at random into parts of the given sizes, as `torch.utils.data.random_split`: the same generator
  /// gives the same parts.
  ///
  /// - Parameters:
  ///   - counts: The size of each part; all samples are dealt out.
  ///   - generator: Draws the permutation; this thread's default where none is given.
  public func randomSplit(_ counts: [Int], generator: RandomGenerator? = nil) -> [Subset] {
    precondition(
      counts.allSatisfy { $0 >= 0 } && counts.reduce(0, +) == count, "\(count) samples to split into parts of \(counts)"
    )
    let order = (generator ?? .default).permutation(count: count)
    var start = 0
    return counts.map { size in
      defer { start += size }
      return Subset(self, indices: Array(order[start..<start + size]))
    }
  }

  /// Cuts the data set at random into parts of about the given shares, as `torch.utils.data.random_split` with
  /// fractions: each part is rounded down, and the samples left over are dealt out one by one from the first part on.
  ///
  /// - Parameters:
  ///   - fractions: The share of each part, from 0 to 1; together 1.
  ///   - generator: Draws the permutation; this thread's default where none is given.
  public func randomSplit(fractions: [Double], generator: RandomGenerator? = nil) -> [Subset] {
    precondition(
      !fractions.isEmpty && fractions.allSatisfy { (0...1).contains($0) } && abs(fractions.reduce(0, +) - 1) < 1e-9,
      "fractions \(fractions), expected numbers from 0 to 1 with sum 1")
    var counts = fractions.map { Int((Double(count) * $0).rounded(.down)) }
    for part in 0..<count - counts.reduce(0, +) { counts[part % counts.count] += 1 }
    return randomSplit(counts, generator: generator)
  }
}
