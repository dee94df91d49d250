extension Communicator {
  /// Throws a ``ReplicaMismatch`` on all ranks when parameters are not bit-identical on all of them. Collective.
  ///
  /// - Parameters:
  ///   - names: the name of each parameter, for the message.
  ///   - checksums: the checksum of each parameter's bytes on this rank, by ``XXHash64``.
  public func verifyReplicas(names: [String], checksums: [UInt64]) throws {
    precondition(names.count == checksums.count, "\(names.count) names, \(checksums.count) checksums")
    let own = checksums.map { Int64(bitPattern: $0) }
    var counts = [Int64(own.count), -Int64(own.count)]
    try allReduce(&counts, .minimum)
    guard counts[0] == -counts[1] else {
      throw ReplicaMismatch.parameterCount(least: Int(counts[0]), greatest: -Int(counts[1]))
    }
    var reference = own
    try broadcast(&reference, from: 0)
    let parameter = own.indices.first { own[$0] != reference[$0] }
    let place = parameter.map { $0 * size + rank } ?? own.count * size
    let first = Int(try allReduced(Int64(place), .minimum))
    guard first < own.count * size else { return }
    throw ReplicaMismatch.parameter(index: first / size, name: names[first / size], rank: first % size)
  }
}

/// Replicas of a model that are no longer the same.
public enum ReplicaMismatch: CommonError, Equatable, CustomStringConvertible {
  /// The first parameter that differs from rank 0's anywhere, and the first rank on which it does.
  case parameter(index: Int, name: String, rank: Int)

  /// The ranks do not even have the same number of parameters.
  case parameterCount(least: Int, greatest: Int)

  /// The rank and the parameter.
  public var description: String {
    switch self {
    case .parameter(let index, let name, let rank):
      "replicas differ: parameter \(index) (\(name)) on rank \(rank) is not the same as on rank 0"
    case .parameterCount(let least, let greatest):
      "replicas differ: between \(least) and \(greatest) parameters a rank"
    }
  }
}
