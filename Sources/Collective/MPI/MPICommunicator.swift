import CMPI
import Foundation

/// The ranks of `MPI_COMM_WORLD`, each a process.
///
/// MPI counts in 32 bits; longer buffers travel in several messages. Operations that were started proceed only inside
/// MPI calls: ``PendingOperation/test()`` now and then keeps them going.
public final class MPICommunicator: Communicator {
  /// This rank.
  public let rank: Int
  /// The number of ranks.
  public let size: Int
  /// This rank among those that share memory with it.
  public let localRank: Int
  /// The number of ranks that share memory with this one.
  public let localSize: Int

  let world: OpaquePointer
  private let launcher: String
  private let processorName: String

  /// The shared windows, in the order in which all ranks made them.
  var windows: [OpaquePointer] = []
  /// The process of each rank, where it can be seen from here; empty before the first shared window.
  var peerProcesses: [Int32?] = []

  /// The elements of the longest message.
  let messageCapacity: Int

  /// Initialises MPI for a process that a launcher started, once a process.
  ///
  /// Throws a ``LaunchError`` when MPI sees another number of ranks than the launcher started, and an ``MPIError`` when
  /// an MPI call fails.
  public convenience init(_ launch: LaunchEnvironment) throws {
    try self.init(launch, messageCapacity: 1 << 28)
  }

  package init(_ launch: LaunchEnvironment, messageCapacity: Int) throws {
    var isInitialized: Int32 = 0
    try MPIError.check(cmpi_is_initialized(&isInitialized), "MPI_Initialized")
    guard isInitialized == 0 else { throw LaunchError.alreadyInitialized }
    try MPIError.check(cmpi_initialize(), "MPI_Init_thread")

    world = try Self.handle("MPI_COMM_WORLD") { cmpi_world(&$0) }
    (rank, size) = try Self.rankAndSize(of: world)
    if let launched = launch.size, launched != size {
      throw LaunchError.sizeMismatch(launcher: launch.launcher, launched: launched, seen: size)
    }
    let world = world
    let node = try Self.handle("MPI_Comm_split_type") { cmpi_split_shared(world, &$0) }
    (localRank, localSize) = try Self.rankAndSize(of: node)
    try MPIError.check(cmpi_communicator_free(node), "MPI_Comm_free")

    launcher = launch.launcher
    processorName = mpiText { cmpi_processor_name($0) } ?? ProcessInfo.processInfo.hostName
    self.messageCapacity = messageCapacity
  }

  /// The launcher, the library and this rank's place.
  public var launch: LaunchDescription {
    LaunchDescription(launcher: launcher, communicator: self, processorName: processorName)
  }

  /// `MPI_Allreduce`.
  public func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String {
    "MPI_Allreduce"
  }

  /// `MPI_Allreduce`, in place.
  public func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    for message in messages(buffer.indices) {
      let code = cmpi_all_reduce(
        world, buffer.address(message.lowerBound), Int32(message.count), Element.elementType.mpi, operation.mpi)
      try MPIError.check(code, "MPI_Allreduce")
    }
  }

  /// `MPI_Iallreduce`, in place.
  public func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    let started = MPIOperation(call: "MPI_Iallreduce")
    for message in messages(buffer.indices) {
      let request = try Self.handle("MPI_Iallreduce") {
        cmpi_start_all_reduce(
          world, buffer.address(message.lowerBound), Int32(message.count), Element.elementType.mpi, operation.mpi, &$0)
      }
      started.append(request)
    }
    return started
  }

  /// `MPI_Bcast`.
  public func broadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws {
    try checkRoot(root)
    try broadcast(buffer.indices, of: buffer, from: root)
  }

  /// `MPI_Allgatherv`; when the whole is too long for one message, one broadcast a part.
  public func allGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws {
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    let own = UnsafeMutableBufferPointer(rebasing: all[cut.range(of: rank)])
    let isInPlace = part.baseAddress == UnsafePointer(own.baseAddress)
    guard all.count > messageCapacity else {
      let ranges = (0..<size).map(cut.range(of:))
      let code = cmpi_all_gather(
        world, isInPlace ? nil : part.baseAddress, all.baseAddress, ranges.map { Int32($0.count) },
        ranges.map { Int32($0.lowerBound) }, Int32(rank), Element.elementType.mpi)
      return try MPIError.check(code, "MPI_Allgatherv")
    }
    if !isInPlace { _ = own.update(fromContentsOf: part) }
    for root in 0..<size { try broadcast(cut.range(of: root), of: all, from: root) }
  }

  /// `MPI_Reduce_scatter`; when the whole is too long for one message, one `MPI_Reduce` a part.
  public func reduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    guard all.count > messageCapacity else {
      let counts = (0..<size).map { Int32(cut.range(of: $0).count) }
      let code = cmpi_reduce_scatter(
        world, all.baseAddress, part.baseAddress, counts, Element.elementType.mpi, operation.mpi)
      return try MPIError.check(code, "MPI_Reduce_scatter")
    }
    for root in 0..<size {
      let range = cut.range(of: root)
      for message in messages(range) {
        let output = root == rank ? part.address(message.lowerBound - range.lowerBound) : nil
        let code = cmpi_reduce(
          world, all.address(message.lowerBound), output, Int32(message.count), Element.elementType.mpi,
          operation.mpi, Int32(root))
        try MPIError.check(code, "MPI_Reduce")
      }
    }
  }

  /// `MPI_Barrier`.
  public func barrier() throws {
    try MPIError.check(cmpi_barrier(world), "MPI_Barrier")
  }

  /// `MPI_Finalize`, after the shared windows are freed.
  public func finalize() throws {
    for window in windows { try MPIError.check(cmpi_window_free(window), "MPI_Win_free") }
    windows.removeAll()
    try MPIError.check(cmpi_communicator_free(world), "MPI_Comm_free")
    try MPIError.check(cmpi_finalize(), "MPI_Finalize")
  }

  /// `MPI_Abort`, after what was printed is written.
  public func abort(_ status: Int32) -> Never {
    fflush(nil)
    _ = cmpi_abort(world, status)
    exit(status)
  }
}
