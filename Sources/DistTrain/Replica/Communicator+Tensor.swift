import Autograd
import Collective

extension Communicator {
  /// Gives all ranks' models the parameters and buffers of rank 0's. Collective.
  ///
  /// - Throws: When communication fails.
  public func broadcastState(of model: Module) throws {
    for (_, tensor) in model.stateDictionary() { try broadcast(tensor, from: 0) }
  }

  /// Gives all ranks' models the buffers of rank 0's, such as running statistics: in training, each rank's are of its
  /// own samples. Collective.
  ///
  /// - Throws: When communication fails.
  public func broadcastBuffers(of model: Module) throws {
    for (_, buffer) in model.namedBuffers() { try broadcast(buffer, from: 0) }
  }

  /// Gives all ranks copies of the tensors that rank `root` gives, whatever the others give. Collective.
  ///
  /// - Throws: When communication fails.
  func broadcast(_ tensors: [(name: String, tensor: Tensor)], from root: Int) throws -> [(name: String, tensor: Tensor)]
  {
    let own = tensors.map { name, tensor in
      ([name, tensor.dtype.rawValue] + tensor.shape.map { "\($0)" }).joined(separator: " ")
    }
    let list = try broadcast(own.joined(separator: "\n"), from: root)
    return try list.split(separator: "\n").enumerated().map { index, line in
      let words = line.split(separator: " ")
      guard let dtype = DataType(rawValue: String(words[1])) else {
        preconditionFailure("a tensor of unknown type was announced: \(line)")
      }
      let tensor =
        rank == root ? tensors[index].tensor : Tensor.zeros(words.dropFirst(2).compactMap { Int($0) }, dtype: dtype)
      try broadcast(tensor, from: root)
      return (String(words[0]), tensor)
    }
  }

  /// Copies the elements of rank `root`'s tensor into those of all other ranks, which have its shape and type. Collective.
  ///
  /// - Throws: When communication fails.
  public func broadcast(_ tensor: Tensor, from root: Int) throws {
    try tensor.withMutableBytes { bytes in try broadcast(bytes.assumingMemoryBound(to: UInt8.self), from: root) }
  }

  /// The sums, or the largest or smallest, of the elements that all ranks' tensors have in the same place, on all ranks and
  /// in place of the tensor's own. Collective; the tensors have the same shape and type, float32, float64 or int64.
  ///
  /// - Throws: When communication fails.
  public func allReduce(_ tensor: Tensor, _ operation: ReduceOperation = .sum) throws {
    switch tensor.dtype {
    case .float32: try tensor.withMutableElements(of: Float.self) { try allReduce($0, operation) }
    case .float64: try tensor.withMutableElements(of: Double.self) { try allReduce($0, operation) }
    case .int64: try tensor.withMutableElements(of: Int64.self) { try allReduce($0, operation) }
    case .uint8, .bool: preconditionFailure("an all-reduce of \(tensor.dtype), expected float32, float64 or int64")
    }
  }

  /// The rows of all ranks' tensors, one rank's below the other's, on all ranks and without a graph, as PyTorch's
  /// `all_gather`. Collective; the tensors have the same type, and the same shape but for the number of rows.
  ///
  /// - Throws: When communication fails.
  public func allGather(_ tensor: Tensor) throws -> Tensor {
    precondition(tensor.rank > 0, "an all-gather of rows of a scalar")
    return try allGather(tensor, counts: rowCounts(of: tensor))
  }

  /// Gives every rank its rows of this rank's tensor and returns those that all ranks have for this one, one rank's below
  /// the other's, with how many came from each, without a graph, as PyTorch's `all_to_all_single`. Collective; the tensors
  /// have the same type, and the same shape but for the number of rows.
  ///
  /// - Parameters:
  ///   - rows: Those for rank 0, then those for rank 1, and so on.
  ///   - counts: How many each rank gets; 0 is allowed.
  /// - Throws: `CollectiveError` where the counts are not one of each rank that add up to the rows, and when communication
  ///   fails.
  public func allToAll(_ rows: Tensor, counts: [Int]) throws -> (rows: Tensor, counts: [Int]) {
    precondition(rows.rank > 0, "an all-to-all of rows of a scalar")
    let incomingCounts = try exchangedCounts(counts, of: rows.shape[0])
    let incoming = Tensor.zeros(
      [incomingCounts.reduce(0, +)] + rows.shape.dropFirst(), dtype: rows.dtype, device: rows.device)
    let rowBytes = rows.shape.dropFirst().reduce(rows.dtype.byteCount, *)
    try rows.withBytes { outgoing in
      try incoming.withMutableBytes { incoming in
        try allToAll(
          outgoing.assumingMemoryBound(to: UInt8.self), counts: counts.map { $0 * rowBytes },
          into: incoming.assumingMemoryBound(to: UInt8.self), counts: incomingCounts.map { $0 * rowBytes })
      }
    }
    return (incoming, incomingCounts)
  }

  /// How many rows each rank's tensor has. Collective.
  func rowCounts(of tensor: Tensor) throws -> [Int64] {
    try gathered(Int64(tensor.shape[0]))
  }

  /// The same with known numbers of all ranks' rows. Collective.
  func allGather(_ tensor: Tensor, counts: [Int64]) throws -> Tensor {
    let parts = try noGrad {
      try (0..<size).map { root in
        let part =
          root == rank
          ? tensor.cloned() : Tensor.zeros([Int(counts[root])] + tensor.shape.dropFirst(), dtype: tensor.dtype)
        try broadcast(part, from: root)
        return part.to(tensor.device)
      }
    }
    return noGrad { Tensor.concatenated(parts) }
  }
}
