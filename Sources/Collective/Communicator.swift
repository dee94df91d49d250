/// A group of ranks that work on one job, as one of them sees it.
///
/// All ranks make the same collective calls in the same order, with the same element type, count, operation and root.
/// Counts may be anything from 0 up, past 2³¹ too. A result is bit-identical on all ranks. A communicator belongs to
/// the thread that made it. A group of one rank is an identity.
///
/// Every call throws when the communication fails, and a ``CollectiveError`` for arguments that cannot be right.
public protocol Communicator: AnyObject {
  /// This rank, from 0 to `size - 1`.
  var rank: Int { get }

  /// The number of ranks.
  var size: Int { get }

  /// This rank among the ranks of its node, from 0 to `localSize - 1`.
  var localRank: Int { get }

  /// The number of ranks on this rank's node.
  var localSize: Int { get }

  /// The communicator that carries this one's messages: itself, unless it is layered on another.
  var transport: any Communicator { get }

  /// How this group of ranks was started.
  var launch: LaunchDescription { get }

  /// The same ranks, with sums that are not rounded to fewer bits on the way: itself, unless it does so.
  var exact: any Communicator { get }

  /// This group with sums of floats that travel in 16 bits wherever they leave a node. Collective.
  func compressing(_ format: HalfPrecision) throws -> any Communicator

  /// Makes memory, filled with zeros, that this communicator combines fastest; for buffers that are used often, for the
  /// memory may be kept as long as the group. In one call, all ranks' buffers lie in such memory, or none. Collective.
  func makeBuffer(byteCount: Int) throws -> CommunicationBuffer

  /// Whether sums over all ranks are made along the binary tree ((r0 + r1) + (r2 + r3)) + … of the ranks.
  var sumsAlongBinaryTree: Bool { get }

  /// Whether the bits of an element's sum may depend on how many elements are all-reduced in the same call, and on its
  /// place among them.
  var sumsDependOnCount: Bool { get }

  /// The name of the algorithm by which a buffer is all-reduced, for measurements.
  func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String

  /// Combines the buffers of all ranks element by element; every rank's buffer then holds the result.
  func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation) throws

  /// Starts ``allReduce(_:_:)`` and returns at once.
  ///
  /// The buffer must neither be touched nor freed until the operation is complete. Several operations may be under way;
  /// all ranks start them in the same order and may complete them in any. The same holds for all that can be started.
  func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation

  /// Starts ``broadcast(_:from:)``.
  func startBroadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws -> any PendingOperation

  /// Starts ``allGather(_:into:)``.
  func startAllGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws -> any PendingOperation

  /// Starts ``reduceScatter(_:into:_:)``.
  func startReduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation

  /// Starts ``barrier()``: the operation is complete once every rank has started it.
  func startBarrier() throws -> any PendingOperation

  /// Starts ``send(_:to:tag:)``.
  func startSend<Element: ReducibleElement>(
    _ buffer: UnsafeBufferPointer<Element>, to rank: Int, tag: Int
  ) throws -> any PendingOperation

  /// Starts ``receive(_:from:tag:)``.
  func startReceive<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from rank: Int, tag: Int
  ) throws -> any PendingOperation

  /// Cuts the group into one group for each color, as `MPI_Comm_split` does. Collective.
  ///
  /// In its new group a rank's place follows from its key and, where keys are equal, from its rank here. The new groups'
  /// calls are independent of this one's, and of each other's. Call ``finalize()`` on them before this group's.
  ///
  /// - Parameters:
  ///   - color: 0 to 2³¹ − 1, or nil on a rank that joins no group.
  ///   - key: −2³¹ to 2³¹ − 1.
  /// - Returns: the group of all ranks with this rank's color; nil where the color is nil.
  func split(color: Int?, key: Int) throws -> (any Communicator)?

  /// Leaves the group after success: its last collective call. After a failure, call ``abort(_:)`` instead.
  func finalize() throws

  /// Ends the processes of all ranks with a status, at once.
  func abort(_ status: Int32) -> Never
}

extension Communicator {
  /// The communicator itself, which is layered on no other.
  public var transport: any Communicator { self }

  /// False: nothing is known of the order.
  public var sumsAlongBinaryTree: Bool { false }

  /// False along a binary tree and for two ranks, whose order changes nothing; else nothing is known of the order.
  public var sumsDependOnCount: Bool { size > 2 && !sumsAlongBinaryTree }

  /// The communicator itself, whose sums are those of all bits.
  public var exact: any Communicator { self }

  /// All sums in 16 bits, for any two ranks may be on two nodes.
  public func compressing(_ format: HalfPrecision) throws -> any Communicator {
    try HalfPrecisionCommunicator(self, format)
  }
}

/// A collective operation that was started and may not be complete.
///
/// One that is dropped before it is complete waits first, so that its buffer is never freed under it.
public protocol PendingOperation: AnyObject {
  /// Lets the operation proceed and returns whether it is complete. Throws when the communication fails.
  func test() throws -> Bool

  /// Returns once the operation is complete; all others of the thread proceed meanwhile, whichever group started them.
  /// Throws when the communication fails.
  func wait() throws
}
