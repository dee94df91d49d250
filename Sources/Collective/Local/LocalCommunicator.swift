import Foundation

/// The group of one rank: every collective is an identity.
public final class LocalCommunicator: Communicator {
  /// 0.
  public let rank = 0
  /// 1.
  public let size = 1
  /// 0.
  public let localRank = 0
  /// 1.
  public let localSize = 1

  /// A group of one rank.
  public init() {}

  /// True: there is nothing to add.
  public var sumsAlongBinaryTree: Bool { true }

  /// One process, started by no launcher.
  public var launch: LaunchDescription {
    LaunchDescription(launcher: nil, communicator: self, processorName: ProcessInfo.processInfo.hostName)
  }

  /// `identity`.
  public func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String {
    "identity"
  }

  /// Leaves the buffer as it is.
  public func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {}

  /// Leaves the buffer as it is; the operation is complete.
  public func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    CompletedOperation()
  }

  /// Leaves the buffer as it is. Throws when the root is not 0.
  public func startBroadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws -> any PendingOperation {
    try checkRoot(root)
    return CompletedOperation()
  }

  /// Copies the part, which is the whole. Throws when the counts differ.
  public func startAllGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    UnsafeMutableRawBufferPointer(all).copyMemory(from: UnsafeRawBufferPointer(part))
    return CompletedOperation()
  }

  /// Copies the whole, which is the part. Throws when the counts differ.
  public func startReduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    UnsafeMutableRawBufferPointer(part).copyMemory(from: UnsafeRawBufferPointer(all))
    return CompletedOperation()
  }

  /// Complete at once.
  public func startBarrier() throws -> any PendingOperation { CompletedOperation() }

  /// Throws: there is no other rank.
  public func startSend<Element: ReducibleElement>(
    _ buffer: UnsafeBufferPointer<Element>, to rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try checkPeer(rank, tag: tag)
    return CompletedOperation()
  }

  /// Throws: there is no other rank.
  public func startReceive<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try checkPeer(rank, tag: tag)
    return CompletedOperation()
  }

  /// Another group of one rank, or none.
  public func split(color: Int?, key: Int) throws -> (any Communicator)? {
    try checkSplit(color: color, key: key)
    return color == nil ? nil : LocalCommunicator()
  }

  /// Does nothing.
  public func finalize() throws {}

  /// Ends the process.
  public func abort(_ status: Int32) -> Never { exit(status) }
}

private final class CompletedOperation: PendingOperation {
  func test() throws -> Bool { true }
  func wait() throws {}
}
