import Autograd

/// The samples of several data sets, one after the other, as `torch.utils.data.ConcatDataset`: their batches have as many
/// tensors as each other, and samples of one shape and type.
public struct ConcatDataset: Dataset {
  /// The data sets in the order in which their samples are numbered here.
  public let datasets: [any Dataset]
  /// The number of each data set's first sample, and at the end that of all samples.
  private let starts: [Int]

  /// The samples of `datasets`, of which there is at least one.
  public init(_ datasets: [any Dataset]) {
    precondition(!datasets.isEmpty, "a concatenation of no data sets")
    self.datasets = datasets
    starts = datasets.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
  }

  /// The number of samples.
  public var count: Int { starts[datasets.count] }

  /// The samples with the given numbers of the concatenation.
  /// - Throws: What a data set throws.
  public func batch(_ indices: [Int]) throws -> Batch {
    try joined(indices) { try datasets[$0].batch($1) }
  }

  /// The same, as they are in an epoch.
  /// - Throws: What a data set throws.
  public func batch(_ indices: [Int], epochSeed: UInt64) throws -> Batch {
    // Samples of the same number in two data sets are not changed alike.
    try joined(indices) { try datasets[$0].batch($1, epochSeed: SplitMix64.mixed(epochSeed, UInt64($0))) }
  }

  /// Asks each data set for all of its samples at once, and puts them in the order of `indices`.
  private func joined(
    _ indices: [Int], _ read: (_ dataset: Int, _ indices: [Int]) throws -> Batch
  ) throws -> Batch {
    guard !indices.isEmpty else { return try read(0, []) }
    var batches: [Batch] = []
    var positions: [Int] = []
    for dataset in datasets.indices {
      let owned = indices.indices.filter { (starts[dataset]..<starts[dataset + 1]).contains(indices[$0]) }
      guard !owned.isEmpty else { continue }
      batches.append(try read(dataset, owned.map { indices[$0] - starts[dataset] }))
      positions += owned
    }
    precondition(positions.count == indices.count, "samples \(indices), some of which are not below \(count)")
    guard batches.count > 1 else { return batches[0] }
    let types = batches.map { $0.tensors.map { "\($0.dtype)" } }
    precondition(types.allSatisfy { $0 == types[0] }, "samples of the types \(types) in one batch")
    var places = positions
    for (place, position) in positions.enumerated() { places[position] = place }
    return Batch(
      batches[0].tensors.indices.map { column in
        Tensor.concatenated(batches.map { $0[column] }).selected(Tensor(places), along: 0)
      })
  }
}
