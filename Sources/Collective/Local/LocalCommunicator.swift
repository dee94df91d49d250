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
  public func broadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws {
    try checkRoot(root)
  }

  /// Copies the part, which is the whole. Throws when the counts differ.
  public func allGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws {
    try checkPart(part.count, of: all.count)
    UnsafeMutableRawBufferPointer(all).copyMemory(from: UnsafeRawBufferPointer(part))
  }

  /// Copies the whole, which is the part. Throws when the counts differ.
  public func reduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    try checkPart(part.count, of: all.count)
    UnsafeMutableRawBufferPointer(part).copyMemory(from: UnsafeRawBufferPointer(all))
  }

  /// Returns at once.
  public func barrier() throws {}

  /// Does nothing.
  public func finalize() throws {}

  /// Ends the process.
  public func abort(_ status: Int32) -> Never { exit(status) }
}

private final class CompletedOperation: PendingOperation {
  func test() throws -> Bool { true }
  func wait() throws {}
}
