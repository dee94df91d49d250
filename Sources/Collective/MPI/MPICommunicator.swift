import CMPI
import Foundation

/// The ranks of `MPI_COMM_WORLD`, each a process, or of a part of it.
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

  let handle: OpaquePointer
  /// The group of all ranks, of which this is a part; nil for that group itself.
  private let whole: MPICommunicator?
  /// The ranks of the job.
  var allCount: Int { whole?.size ?? size }
  private let launcher: String
  private let processorName: String
  private let watch: MPICallWatch
  private let progress: MPIProgress

  /// The shared windows, in the order in which all ranks made them.
  var windows: [OpaquePointer] = []
  private var hasLeft = false
  /// The process of each rank, where it can be seen from here; empty before the first shared window.
  var peerProcesses: [Int32?] = []

  /// The elements of the longest message.
  let messageCapacity: Int
  /// This rank's node where nodes are made up.
  let declaredNode: Int?

  /// Initialises MPI for a process that a launcher started, once a process.
  ///
  /// Throws a ``LaunchError`` when MPI sees another number of ranks than the launcher started, and an ``MPIError`` when
  /// an MPI call fails.
  public convenience init(_ launch: LaunchEnvironment) throws {
    try self.init(launch, messageCapacity: 1 << 28)
  }

  /// Messages are cut at `messageCapacity` elements. The ranks act as if each were on its node of `nodes`, unless these are
  /// empty. A rank that is in an MPI call for `stallSeconds` says so.
  package init(
    _ launch: LaunchEnvironment, messageCapacity: Int, nodes: [Int] = [], stallSeconds: Double = 5
  ) throws {
    var isInitialized: Int32 = 0
    try MPIError.check(cmpi_is_initialized(&isInitialized), "MPI_Initialized")
    guard isInitialized == 0 else { throw LaunchError.alreadyInitialized }
    try MPIError.check(cmpi_initialize(), "MPI_Init_thread")

    handle = try Self.handle("MPI_COMM_WORLD") { cmpi_world(&$0) }
    (rank, size) = try Self.rankAndSize(of: handle)
    if let launched = launch.size, launched != size {
      throw LaunchError.sizeMismatch(launcher: launch.launcher, launched: launched, seen: size)
    }
    precondition(nodes.isEmpty || nodes.count == size, "\(size) ranks, \(nodes.count) on nodes")
    declaredNode = nodes.isEmpty ? nil : nodes[rank]
    (localRank, localSize) = try Self.localRankAndSize(of: handle, declaredNode: declaredNode)
    whole = nil
    launcher = launch.launcher
    processorName = mpiText { cmpi_processor_name($0) } ?? ProcessInfo.processInfo.hostName
    watch = MPICallWatch(rank: rank, seconds: stallSeconds)
    progress = MPIProgress()
    self.messageCapacity = messageCapacity
  }

  /// The ranks of a part of a group.
  init(partOf group: MPICommunicator, _ handle: OpaquePointer) throws {
    self.handle = handle
    declaredNode = group.declaredNode
    (rank, size) = try Self.rankAndSize(of: handle)
    (localRank, localSize) = try Self.localRankAndSize(of: handle, declaredNode: declaredNode)
    whole = group.whole ?? group
    launcher = group.launcher
    processorName = group.processorName
    watch = group.watch
    progress = group.progress
    messageCapacity = group.messageCapacity
  }

  /// The launcher, the library and this rank's place.
  public var launch: LaunchDescription {
    LaunchDescription(launcher: launcher, communicator: self, processorName: processorName)
  }

  /// `MPI_Allreduce`.
  public func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String {
    "MPI_Allreduce"
  }

  /// `MPI_Allreduce`, in place. Operations in the window of another group, and sums in 16 bits, do not proceed meanwhile:
  /// a rank that has such under way starts an all-reduce and waits for it.
  public func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    for message in messages(buffer.indices, emptyIsOne: true) {
      let code = watch.during("MPI_Allreduce") {
        cmpi_all_reduce(
          handle, buffer.address(message.lowerBound), Int32(message.count), Element.elementType.mpi, operation.mpi)
      }
      try MPIError.check(code, "MPI_Allreduce")
    }
  }

  /// `MPI_Iallreduce`, in place.
  public func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    let requests = try messages(buffer.indices, emptyIsOne: true).map { message in
      try request("MPI_Iallreduce") {
        cmpi_start_all_reduce(
          handle, buffer.address(message.lowerBound), Int32(message.count), Element.elementType.mpi, operation.mpi, &$0)
      }
    }
    return started("MPI_Iallreduce", requests)
  }

  /// `MPI_Ibcast`.
  public func startBroadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws -> any PendingOperation {
    try checkRoot(root)
    return started("MPI_Ibcast", try broadcasts(of: buffer.indices, in: buffer, from: root, emptyIsOne: true))
  }

  /// One `MPI_Ibcast` a part.
  public func startAllGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    let own = UnsafeMutableBufferPointer(rebasing: all[cut.range(of: rank)])
    if part.baseAddress != UnsafePointer(own.baseAddress) { _ = own.update(fromContentsOf: part) }
    let requests = try (0..<size).flatMap { try broadcasts(of: cut.range(of: $0), in: all, from: $0) }
    return started("MPI_Ibcast", requests)
  }

  /// One `MPI_Ireduce` a part.
  public func startReduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    let requests = try (0..<size).flatMap { root in
      let range = cut.range(of: root)
      return try messages(range).map { message in
        try request("MPI_Ireduce") {
          cmpi_start_reduce(
            handle, all.address(message.lowerBound),
            root == rank ? part.address(message.lowerBound - range.lowerBound) : nil, Int32(message.count),
            Element.elementType.mpi, operation.mpi, Int32(root), &$0)
        }
      }
    }
    return started("MPI_Ireduce", requests)
  }

  /// `MPI_Ibarrier`.
  public func startBarrier() throws -> any PendingOperation {
    started("MPI_Ibarrier", [try request("MPI_Ibarrier") { cmpi_start_barrier(handle, &$0) }])
  }

  /// `MPI_Isend`. An empty message is one, too.
  public func startSend<Element: ReducibleElement>(
    _ buffer: UnsafeBufferPointer<Element>, to rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try checkPeer(rank, tag: tag)
    let requests = try messages(buffer.indices, emptyIsOne: true).map { message in
      try request("MPI_Isend") {
        cmpi_start_send(
          handle, buffer.address(message.lowerBound), Int32(message.count), Element.elementType.mpi, Int32(rank),
          Int32(tag), &$0)
      }
    }
    return started("MPI_Isend", requests)
  }

  /// `MPI_Irecv`. Throws an ``MPIError`` for a message that is longer than the buffer, and a ``CollectiveError`` for one
  /// that is shorter.
  public func startReceive<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try checkPeer(rank, tag: tag)
    let requests = try messages(buffer.indices, emptyIsOne: true).map { message in
      var started = try request("MPI_Irecv") {
        cmpi_start_receive(
          handle, buffer.address(message.lowerBound), Int32(message.count), Element.elementType.mpi, Int32(rank),
          Int32(tag), &$0)
      }
      started.expectedCount = message.count
      return started
    }
    return started("MPI_Irecv", requests, source: (rank, tag))
  }

  private func started(
    _ call: StaticString, _ requests: [MPIOperation.Request], source: (rank: Int, tag: Int) = (0, 0)
  ) -> MPIOperation {
    MPIOperation(call, requests, source: source, watchedBy: watch, beside: progress)
  }

  /// `MPI_Comm_split`.
  public func split(color: Int?, key: Int) throws -> (any Communicator)? {
    try checkSplit(color: color, key: key)
    try meet()
    var part: OpaquePointer?
    try MPIError.check(cmpi_split(handle, Int32(color ?? -1), Int32(key), &part), "MPI_Comm_split")
    return try part.map { try MPICommunicator(partOf: self, $0) }
  }

  /// Frees the shared windows and the group, and calls `MPI_Finalize` if it is that of all ranks. Once.
  public func finalize() throws {
    guard !hasLeft else { return }
    hasLeft = true
    if whole != nil && !windows.isEmpty { try meet() }
    for window in windows { try MPIError.check(cmpi_window_free(window), "MPI_Win_free") }
    windows.removeAll()
    try MPIError.check(cmpi_communicator_free(handle), "MPI_Comm_free")
    if whole == nil {
      let code = watch.during("MPI_Finalize, for it has ended its own program") { cmpi_finalize() }
      try MPIError.check(code, "MPI_Finalize")
    }
  }

  /// Waits for all ranks before a call of MPI in which nothing else proceeds.
  func meet() throws { try startBarrier().wait() }

  /// `MPI_Abort` of all ranks, after what was printed is written.
  public func abort(_ status: Int32) -> Never {
    if let whole { whole.abort(status) }
    fflush(nil)
    _ = cmpi_abort(handle, status)
    exit(status)
  }
}
