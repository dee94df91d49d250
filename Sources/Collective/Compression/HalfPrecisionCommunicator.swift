/// A group of ranks whose sums of gradients travel in 16 bits a number: half the bytes of an all-reduce.
///
/// Sums of ``minimumCount`` or more `Float`s are made so: every rank rounds its numbers and sends each other rank that
/// rank's slice; adds up its own slice of all ranks' numbers in `Float` and in the order of the ranks; rounds the sums and
/// sends them to all. All ranks get the same bits, which do not depend on how gradients are cut into buckets. Everything
/// else is left to the group below.
public final class HalfPrecisionCommunicator: Communicator {
  /// The least number of elements that travel in 16 bits: no more than any parameter takes in an arena.
  public static let minimumCount = 16

  private let base: any Communicator
  private let format: HalfPrecision
  private let sums: HalfPrecisionSums

  /// Layers 16-bit sums on a group. Collective; throws when the communication fails.
  public init(_ base: any Communicator, _ format: HalfPrecision) throws {
    self.base = base
    self.format = format
    guard let group = try base.transport.split(color: 0, key: base.rank) else {
      preconditionFailure("a split of \(base.size) ranks of one color gave no group")
    }
    sums = HalfPrecisionSums(format, over: group)
  }

  /// This rank.
  public var rank: Int { base.rank }
  /// The number of ranks.
  public var size: Int { base.size }
  /// This rank among those of its node.
  public var localRank: Int { base.localRank }
  /// The number of ranks on this rank's node.
  public var localSize: Int { base.localSize }
  /// The communicator below all layers.
  public var transport: any Communicator { base.transport }
  /// How the ranks were started.
  public var launch: LaunchDescription { base.launch }

  /// The group below.
  public var exact: any Communicator { base }

  /// False for what travels in 16 bits.
  public var sumsDependOnCount: Bool { false }

  /// Memory of the group below.
  public func makeBuffer(byteCount: Int) throws -> CommunicationBuffer { try base.makeBuffer(byteCount: byteCount) }

  /// The format's name, or the algorithm of the group below.
  public func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String {
    floats(buffer, .sum) == nil ? base.allReduceAlgorithm(for: buffer) : "\(format.rawValue) slices"
  }

  /// Combines the buffers, sums of floats in 16 bits.
  public func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    // Started and waited for, so that sums that are under way proceed.
    try startAllReduce(buffer, operation).wait()
  }

  /// Starts to combine the buffers, sums of floats in 16 bits.
  public func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    guard let floats = floats(buffer, operation) else { return try base.startAllReduce(buffer, operation) }
    return try sums.start(floats)
  }

  /// The buffer as one to be summed in 16 bits; nil when it is another.
  private func floats<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) -> UnsafeMutableBufferPointer<Float>? {
    guard size > 1 && operation == .sum && buffer.count >= Self.minimumCount else { return nil }
    return buffer as? UnsafeMutableBufferPointer<Float>
  }

  /// Left to the group below.
  public func startBroadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws -> any PendingOperation { try base.startBroadcast(buffer, from: root) }

  /// Left to the group below.
  public func startAllGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws -> any PendingOperation { try base.startAllGather(part, into: all) }

  /// Left to the group below.
  public func startReduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation { try base.startReduceScatter(all, into: part, operation) }

  /// Left to the group below.
  public func startBarrier() throws -> any PendingOperation { try base.startBarrier() }

  /// Left to the group below.
  public func startSend<Element: ReducibleElement>(
    _ buffer: UnsafeBufferPointer<Element>, to rank: Int, tag: Int
  ) throws -> any PendingOperation { try base.startSend(buffer, to: rank, tag: tag) }

  /// Left to the group below.
  public func startReceive<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from rank: Int, tag: Int
  ) throws -> any PendingOperation { try base.startReceive(buffer, from: rank, tag: tag) }

  /// Splits the group below; the parts add in 32 bits.
  public func split(color: Int?, key: Int) throws -> (any Communicator)? { try base.split(color: color, key: key) }

  /// Leaves the group below.
  public func finalize() throws {
    try sums.finalize()
    try base.finalize()
  }

  /// Ends the processes of all ranks.
  public func abort(_ status: Int32) -> Never { base.abort(status) }
}
