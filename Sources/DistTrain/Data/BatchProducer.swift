import Autograd

/// Makes one batch after the other; it can be moved to another thread between two of them.
protocol BatchProducer: Sendable {
  /// The next batch, or nil after the last.
  /// - Throws: What the data set throws.
  mutating func next() throws -> Batch?
}

extension Dataset {
  /// A batch that belongs to no graph, so that it can pass from one thread to another.
  func ungraphedBatch(_ indices: [Int], epochSeed: UInt64) throws -> Batch {
    let batch = try noGrad { try self.batch(indices, epochSeed: epochSeed) }
    precondition(batch.count == indices.count, "\(indices.count) samples asked of \(Self.self), \(batch.count) given")
    return batch
  }
}
