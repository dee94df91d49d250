import Foundation

/// The group of ranks that this process was launched in: MPI's under `mpirun`, `srun` and the like, else this process
/// alone.
///
/// Throws a ``LaunchError`` when the launcher's ranks are not those that MPI sees, or the program was built without
/// MPI: several ranks never fall apart into several jobs of one.
public func launchedCommunicator() throws -> any Communicator {
  guard let launch = try LaunchEnvironment(ProcessInfo.processInfo.environment) else { return LocalCommunicator() }
  #if canImport(CMPI)
    return try MPICommunicator(launch)
  #else
    throw LaunchError.builtWithoutMPI(launcher: launch.launcher, launched: launch.size)
  #endif
}

#if !canImport(CMPI)
  /// The MPI library's description of itself; nil, for this program was built without MPI.
  public let mpiLibraryVersion: String? = nil
#endif
