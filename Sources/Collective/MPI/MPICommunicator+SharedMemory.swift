import CMPI
import Foundation

extension MPICommunicator: SharedMemoryProvider {
  /// `MPI_Win_allocate_shared`, freed by ``finalize()``.
  package func makeSharedMemory(byteCount: Int) throws -> SharedMemory {
    try meet()
    let space = Result { try spaceRefusal(byteCount) }
    try refuse(agreeing: space.failureText ?? space.get())
    var window: OpaquePointer?
    let code = cmpi_window_allocate_shared(handle, byteCount + Self.alignment, &window)
    let failure = Result { try MPIError.check(code, "MPI_Win_allocate_shared") }
    // A window that other ranks failed to make cannot be freed, for that is collective.
    try refuse(agreeing: failure.failureText)
    guard let window else { preconditionFailure("MPI_Win_allocate_shared succeeded without a window") }
    windows.append(window)
    if peerProcesses.isEmpty { try meetPeers() }
    let parts = try (0..<size).map { rank in
      var address: UnsafeMutableRawPointer?
      try MPIError.check(cmpi_window_part(window, Int32(rank), &address), "MPI_Win_shared_query")
      guard let address else { preconditionFailure("MPI_Win_shared_query succeeded without an address") }
      // Pages are the same in all processes, so all find the same place.
      return address.alignedUp(toMultipleOf: Self.alignment)
    }
    return SharedMemory(parts: parts, byteCount: byteCount)
  }

  /// `MPI_Comm_split_type`.
  package func nodeGroup() throws -> any SharedMemoryProvider {
    try MPICommunicator(partOf: self, Self.nodeHandle(of: handle, declaredNode: declaredNode))
  }

  /// Compares with the processors that the ranks are bound to; where nodes are made up, with the ranks of all of them.
  package func isOversubscribed() throws -> Bool {
    guard declaredNode == nil else { return allCount > ProcessInfo.processInfo.activeProcessorCount }
    return try outnumbersProcessors()
  }

  /// Asks the kernel whether the rank's process is still there.
  package func hasEnded(_ rank: Int) -> Bool {
    guard peerProcesses.indices.contains(rank), let process = peerProcesses[rank] else { return false }
    return Self.hasEnded(process)
  }

  package func checkIsAlive(_ rank: Int, named name: Int, call: CollectiveCall) throws {
    if hasEnded(rank) { throw PeerFailure(rank: name, work: "others waited for it in \(call)") }
  }

  /// Why the folder of shared windows has no place for one of so many bytes a rank; nil when it has, or is not known.
  ///
  /// Open MPI does not return from making a window for which it finds no place. Its folder is a parameter, which `mpirun`
  /// hands on in the environment; one in a file of parameters is not seen here. Without it the folder is the first of
  /// those below that can be written. MPI's tools interface would tell, too, but opens every part of the library for
  /// that, which takes 0.2 s.
  private func spaceRefusal(_ byteCount: Int) throws -> String? {
    let environment = ProcessInfo.processInfo.environment
    let usual = ["/dev/shm", environment["OMPI_MCA_orte_tmpdir_base"], environment["TMPDIR"], "/tmp"].compactMap { $0 }
    let given = environment["OMPI_MCA_osc_sm_backing_directory"]
    guard let folder = given ?? usual.first(where: { access($0, W_OK) == 0 }) else { return nil }
    guard access(folder, W_OK) == 0 else { return "\(folder): \(String(cString: strerror(errno)))" }
    let values = try FileManager.default.attributesOfFileSystem(forPath: folder)
    guard let free = (values[.systemFreeSize] as? NSNumber)?.intValue else { return nil }
    // MPI keeps its own state beside the parts, each of which begins on a page.
    let (parts, overflow) = (byteCount + 2 * Int(getpagesize())).multipliedReportingOverflow(by: size)
    let needed = overflow ? Int.max : parts + (1 << 20)
    return free < needed ? "\(folder) has \(free) bytes free, \(needed) are needed" : nil
  }

  /// Learns the processes of all ranks. One that cannot be seen from here, in a container of its own, is not watched.
  private func meetPeers() throws {
    peerProcesses = try gathered(getpid()).map { Self.hasEnded($0) ? nil : $0 }
  }

  /// A cache line. MPI aligns its windows to less.
  private static let alignment = 64

  private static func hasEnded(_ process: Int32) -> Bool { kill(process, 0) != 0 && errno == ESRCH }
}

extension Result where Failure == any Error {
  /// The error's text.
  fileprivate var failureText: String? {
    if case .failure(let error) = self { "\(error)" } else { nil }
  }
}
