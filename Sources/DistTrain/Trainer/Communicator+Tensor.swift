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
}
