import Foundation

extension ThreadCommunicator: SharedMemoryProvider {
  /// Memory of this process, which the group keeps.
  package func makeSharedMemory(byteCount: Int) throws -> SharedMemory {
    let addresses = try gathered(Int64(Int(bitPattern: group.job.makeMemory(byteCount: byteCount))))
    let parts = addresses.map { address in
      guard let part = UnsafeMutableRawPointer(bitPattern: Int(address)) else {
        preconditionFailure("a rank's memory is at no address")
      }
      return part
    }
    return SharedMemory(parts: parts, byteCount: byteCount)
  }

  /// The threads of this rank's node.
  package func threadsOfNode() throws -> ThreadCommunicator {
    try part(color: group.job.nodes[group.members[rank]], key: 0) ?? self
  }

  /// The threads of this rank's node.
  package func nodeGroup() throws -> any SharedMemoryProvider { try threadsOfNode() }

  /// Counts the threads of all nodes, for those are made up.
  package func isOversubscribed() throws -> Bool {
    group.job.nodes.count > ProcessInfo.processInfo.activeProcessorCount
  }

  package func hasEnded(_ rank: Int) -> Bool { group.job.hasLeft(group.members[rank]) }

  /// Throws the job's failure.
  package func checkIsAlive(_ rank: Int, named name: Int, call: CollectiveCall) throws {
    try group.job.condition.withLock {
      try group.job.checkArePresent([group.members[rank]], call: call.description)
    }
  }
}
