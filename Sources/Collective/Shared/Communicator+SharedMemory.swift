/// How the ranks of a job combine their gradients.
public enum CollectiveChoice: String, Codable, CaseIterable, Sendable {
  /// In memory that the ranks of a node share.
  case shared
  /// By the MPI library's own collectives.
  case mpi
}

extension Communicator {
  /// This group with its all-reduces in the memory that the ranks of a node share, or itself where that cannot be.
  /// Collective.
  ///
  /// Groups of one rank stay as they are.
  ///
  /// - Parameter notify: called on rank 0 with the reason when the ranks could not share memory.
  /// - Throws: When communication fails.
  public func sharingMemory(notify: @escaping (String) -> Void) throws -> any Communicator {
    guard size > 1, let provider = self as? any SharedMemoryProvider else { return self }
    do {
      return try SharedCommunicator(provider, notify: notify)
    } catch let refusal as SharedMemoryRefusal {
      if rank == 0 { notify("all-reduce by MPI: \(refusal)") }
      return self
    }
  }
}
