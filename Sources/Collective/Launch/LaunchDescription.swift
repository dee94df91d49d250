/// How a group of ranks was started, as one of them sees it.
public struct LaunchDescription: Equatable, Sendable {
  /// What started the ranks (`mpirun`, `srun`, …); nil for a single process.
  public let launcher: String?

  /// The MPI library's own description of itself, one line; nil when the program was built without MPI.
  public let mpiLibrary: String?

  /// The name of the machine.
  public let processorName: String

  /// This rank.
  public let rank: Int

  /// The number of ranks.
  public let size: Int

  /// This rank among those of its node.
  public let localRank: Int

  /// The number of ranks on this node.
  public let localSize: Int

  init(launcher: String?, communicator: some Communicator, processorName: String) {
    self.launcher = launcher
    self.processorName = processorName
    mpiLibrary = mpiLibraryVersion
    rank = communicator.rank
    size = communicator.size
    localRank = communicator.localRank
    localSize = communicator.localSize
  }
}
