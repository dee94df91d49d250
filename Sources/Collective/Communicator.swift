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

  /// Makes memory, filled with zeros, that this communicator combines fastest; for buffers that are used often, for the
  /// memory may be kept as long as the group. In one call, all ranks' buffers lie in such memory, or none. Collective.
  func makeBuffer(byteCount: Int) throws -> CommunicationBuffer

  /// Whether sums over all ranks are made along the binary tree ((r0 + r1) + (r2 + r3)) + … of the ranks.
  var sumsAlongBinaryTree: Bool { get }

  /// The name of the algorithm by which a buffer is all-reduced, for measurements.
  func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String

  /// Combines the buffers of all ranks element by element; every rank's buffer then holds the result.
  func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation) throws

  /// Starts ``allReduce(_:_:)`` and returns at once. The buffer must neither be touched nor freed until the operation is
  /// complete. Several may be under way; all ranks start them in the same order and may complete them in any.
  func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation

  /// Copies the buffer of rank `root` into the buffers of all others, which have the same count.
  func broadcast<Element: ReducibleElement>(_ buffer: UnsafeMutableBufferPointer<Element>, from root: Int) throws

  /// Puts the parts of all ranks side by side, in the order of the ranks, into every rank's `all`.
  ///
  /// Rank r's part has the length of ``ShardCut/range(of:)``, the cut of `all.count` over the ranks. It may lie at its
  /// place in `all` already; otherwise the two must not overlap.
  func allGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>) throws

  /// Combines the `all` buffers of all ranks element by element and leaves each rank its part of the result.
  ///
  /// Rank r's part is ``ShardCut/range(of:)``, the cut of `all.count` over the ranks. The two buffers must not overlap;
  /// `all` is left as it was.
  func reduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws

  /// Returns once every rank has called it.
  func barrier() throws

  /// Leaves the group after success: the last collective call. After a failure, call ``abort(_:)`` instead.
  func finalize() throws

  /// Ends the processes of all ranks with a status, at once.
  func abort(_ status: Int32) -> Never
}

extension Communicator {
  /// The communicator itself, which is layered on no other.
  public var transport: any Communicator { self }

  /// False: nothing is known of the order.
  public var sumsAlongBinaryTree: Bool { false }
}

/// A collective operation that was started and may not be complete.
///
/// One that is dropped before it is complete waits first, so that its buffer is never freed under it.
public protocol PendingOperation: AnyObject {
  /// Lets the operation proceed and returns whether it is complete. Throws when the communication fails.
  func test() throws -> Bool

  /// Returns once the operation is complete. Throws when the communication fails.
  func wait() throws
}
