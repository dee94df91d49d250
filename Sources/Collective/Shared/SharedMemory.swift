/// Memory of which every rank of a group has a part; all ranks read and write all parts.
package struct SharedMemory {
  /// Where each rank's part is in this process, in the order of the ranks; zero-filled pages.
  package let parts: [UnsafeMutableRawPointer]

  /// The length of this rank's part.
  package let byteCount: Int
}

/// A communicator whose ranks can all share memory.
package protocol SharedMemoryProvider: Communicator {
  /// Makes memory of which this rank's part has `byteCount` bytes. It lives as long as the group. Collective.
  ///
  /// Throws a ``SharedMemoryRefusal``, on all ranks alike, where there is none to be had.
  func makeSharedMemory(byteCount: Int) throws -> SharedMemory

  /// Throws a ``PeerFailure`` when a rank that is waited for in `call` has ended.
  func checkIsAlive(_ rank: Int, call: CollectiveCall) throws
}

/// Memory cannot be shared. All ranks throw it alike.
public struct SharedMemoryRefusal: CommonError, Equatable, CustomStringConvertible {
  /// Why, in words.
  public let reason: String

  /// A refusal for a reason.
  public init(_ reason: String) { self.reason = reason }

  /// The reason.
  public var description: String { "the ranks cannot share memory: \(reason)" }
}
