/// Memory of which every rank of a group has a part; all ranks read and write all parts.
package struct SharedMemory {
  /// Where each rank's part is in this process, in the order of the ranks; zero-filled pages.
  package let parts: [UnsafeMutableRawPointer]

  /// The length of this rank's part.
  package let byteCount: Int
}

/// A communicator whose ranks can share memory with those of their node.
package protocol SharedMemoryProvider: Communicator {
  /// The ranks of this rank's node, as a group of their own. Collective.
  func nodeGroup() throws -> any SharedMemoryProvider

  /// Makes memory of which this rank's part has `byteCount` bytes. It lives as long as the group, whose ranks are
  /// all on one node. Collective.
  ///
  /// Throws a ``SharedMemoryRefusal``, on all ranks alike, where there is none to be had.
  func makeSharedMemory(byteCount: Int) throws -> SharedMemory

  /// Whether the ranks of this group, all on one node, outnumber the processors that they may run on. Collective.
  func isOversubscribed() throws -> Bool

  /// Whether a rank has ended. Before that it may have done all that others wait for.
  func hasEnded(_ rank: Int) -> Bool

  /// Throws a ``PeerFailure`` with `name` when a rank that is waited for in `call` has ended.
  func checkIsAlive(_ rank: Int, named name: Int, call: CollectiveCall) throws
}

extension Communicator {
  /// Throws a ``SharedMemoryRefusal`` with the reason of the lowest rank that has one, on all ranks. Collective.
  func refuse(agreeing reason: String?) throws {
    let refusing = Int(try allReduced(Int64(reason == nil ? size : rank), .minimum))
    guard refusing < size else { return }
    throw SharedMemoryRefusal(try broadcast(reason ?? "", from: refusing))
  }
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
