import Collective

extension GradientCompression {
  /// Checks that ranks send each other messages, which it makes smaller.
  ///
  /// - Throws: ``ConfigurationError`` where there is one rank, or all share memory.
  package func validate(for communicator: any Communicator) throws {
    guard communicator.size > 1 else {
      throw ConfigurationError(
        "--compress \(rawValue) saves bytes between ranks, but one process alone sends none")
    }
    if communicator is SharedCommunicator, communicator.localSize == communicator.size {
      throw ConfigurationError(
        "--compress \(rawValue) saves bytes between nodes, but these ranks add in memory that they share; "
          + "--collective mpi makes them send messages")
    }
  }
}
