/// Ranks that combine their elements in memory that those of a node share.
///
/// On one node, all collectives but those that start and end the job pass through a ``NodeWindow``. On several, all-reduces
/// do, and reduce-scatters and all-gathers of what lies in it, with a ``DirectExchange`` between nodes; the other collectives
/// are the communicator's below. Messages always are.
/// Results are combined along a binary tree of the ranks; on several nodes, along one of each node's ranks and then one of
/// the nodes. The same inputs give the same bits, however they are cut into calls.
///
/// Buffers of ``makeBuffer(byteCount:)`` are combined where they lie; in one call, all ranks' buffers must be such, or
/// none. What was started proceeds in every later call of the rank, ``PendingOperation/test()`` among them.
public final class SharedCommunicator: Communicator {
  /// All-reduces of at most so many bytes over all ranks together take one phase. Between two ranks a second phase costs
  /// less than the copies, unless they are tiny; where a buffer has to be copied in any case, one phase pays longer.
  private static let wholeByteLimit = (inPlaceOfTwo: 1 << 10, inPlace: 4 << 10, copied: 16 << 10)
  /// All-reduces of at most so many bytes are combined between nodes by one rank a node.
  private static let oneLaneByteLimit = 256 << 10

  /// The communicator that made the memory.
  public let transport: any Communicator
  private let network: NodeNetwork
  private let window: NodeWindow
  private let queue: ExchangeQueue
  private let notify: (String) -> Void

  /// Layers ranks on the communicator that started them. Collective.
  ///
  /// `notify` is called on rank 0 when memory for a buffer is refused. Throws a ``SharedMemoryRefusal`` on all ranks
  /// alike where none can be shared.
  package init(
    _ provider: any SharedMemoryProvider, slotByteCount: Int = 128 << 10, stallSeconds: Double = 5,
    notify: @escaping (String) -> Void = { _ in }
  ) throws {
    self.notify = notify
    transport = provider
    // Others may still wait for what this rank has under way; from here on all are at this.
    try provider.barrier()
    let network = try NodeNetwork(provider)
    self.network = network
    window = try network.refusingTogether(provider) { try NodeWindow(network, slotByteCount: slotByteCount) }
    queue = try ExchangeQueue(window, network, stallSeconds: stallSeconds)
  }

  /// This rank.
  public var rank: Int { transport.rank }
  /// The number of ranks.
  public var size: Int { transport.size }
  /// This rank among those of its node.
  public var localRank: Int { window.rank }
  /// The number of ranks of its node.
  public var localSize: Int { window.size }
  /// Whether all ranks share one node, or each node has the same power of two of consecutive ranks.
  public var sumsAlongBinaryTree: Bool { network.followsBinaryTree }
  /// False: every element is added along a tree of its own.
  public var sumsDependOnCount: Bool { false }
  /// How the ranks were started.
  public var launch: LaunchDescription { transport.launch }

  /// On one node the group itself, for nothing leaves it; on several, all sums in 16 bits.
  public func compressing(_ format: HalfPrecision) throws -> any Communicator {
    network.hasSeveralNodes ? try HalfPrecisionCommunicator(self, format) : self
  }

  /// Memory in the shared window, which a buffer that is gone on all ranks leaves to later ones; where that is refused,
  /// of this process alone.
  public func makeBuffer(byteCount: Int) throws -> CommunicationBuffer {
    try barrier()
    do {
      if let arena = try window.freeArena(byteCount, transport) {
        return arena.makeBuffer(rank: window.rank, byteCount: byteCount)
      }
      let memory = try network.refusingTogether(transport) {
        try network.node.makeSharedMemory(byteCount: byteCount)
      }
      return window.add(memory).makeBuffer(rank: window.rank, byteCount: byteCount)
    } catch let refusal as SharedMemoryRefusal {
      if rank == 0 { notify("gradients are copied to be all-reduced: \(refusal)") }
      return CommunicationBuffer(privateByteCount: byteCount)
    }
  }

  /// `shared window` with how the buffer is combined, within nodes and between them.
  public func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String {
    let (call, location) = describe(buffer, .sum)
    if isSmall(call) { return "shared window, one phase" }
    let slices = slices(of: call)
    return (location == nil ? "shared window, copied" : "shared window, in place")
      + (slices.haveOtherNodes ? "; messages between nodes by \(slices.count) rank(s) each" : "")
  }

  /// Combines the buffers in the shared window, and between nodes.
  public func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    let (call, location) = describe(buffer, operation)
    guard let start = buffer.baseAddress, buffer.count > 0 else { return try queue.run(EmptyExchange(call: call)) }
    if isSmall(call) {
      try queue.run(WholeAllReduce(call: call, buffer: start))
    } else if let location {
      try queue.run(InPlaceAllReduce(call: call, location: location, slices: slices(of: call)))
    } else {
      try queue.run(SlicedAllReduce(call, start, slices(of: call), slotByteCount: window.slotByteCount))
    }
  }

  /// Announces the buffer. Additions are made in later calls of this rank, once all ranks have announced theirs.
  public func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    let (call, location) = describe(buffer, operation)
    guard let start = buffer.baseAddress, buffer.count > 0 else { return try add(EmptyExchange(call: call)) }
    if isSmall(call) { return try add(WholeAllReduce(call: call, buffer: start)) }
    let slices = slices(of: call)
    if let location { return try add(InPlaceAllReduce(call: call, location: location, slices: slices)) }
    return try add(SlicedAllReduce(call, start, slices, slotByteCount: window.slotByteCount))
  }

  /// Copies the root's buffer through the shared window; on several nodes, as the communicator below does.
  public func startBroadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws -> any PendingOperation {
    if network.hasSeveralNodes { return try OutsideOperation(queue, transport.startBroadcast(buffer, from: root)) }
    try checkRoot(root)
    let call = CollectiveCall(.broadcast, .sum, Element.elementType, count: buffer.count, root: root)
    guard let start = buffer.baseAddress, buffer.count > 0 else { return try add(EmptyExchange(call: call)) }
    return try add(BroadcastExchange(call, start, slotByteCount: window.slotByteCount))
  }

  /// Copies every rank's part, where it lies in the shared window or through it; between nodes, within the lanes of
  /// ``NodeNetwork`` where it lies in the window and nodes have as many consecutive ranks, else as the communicator below
  /// does.
  public func startAllGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    guard let start = all.baseAddress, all.count > 0 else {
      return try add(EmptyExchange(call: CollectiveCall(.allGather, .sum, Element.elementType, count: 0)))
    }
    if network.isRegular, part.isPart(of: rank, among: size, in: UnsafeBufferPointer(all)),
      let location = window.location(of: UnsafeRawBufferPointer(all))
    {
      let call = CollectiveCall(.allGatherInPlace, .sum, Element.elementType, count: all.count)
      return try add(InPlaceAllGather(call: call, location: location, nodeCount: network.nodeCount))
    }
    if network.hasSeveralNodes { return try OutsideOperation(queue, transport.startAllGather(part, into: all)) }
    let call = CollectiveCall(.allGather, .sum, Element.elementType, count: all.count)
    return try add(AllGatherExchange(call, part.baseAddress, start, size: size, slotByteCount: window.slotByteCount))
  }

  /// Combines each rank's part, where it lies in the shared window or through it; between nodes, as
  /// ``startAllGather(_:into:)`` does.
  public func startReduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    guard let start = all.baseAddress, all.count > 0 else {
      return try add(EmptyExchange(call: CollectiveCall(.reduceScatter, operation, Element.elementType, count: 0)))
    }
    if network.isRegular, UnsafeBufferPointer(part).isPart(of: rank, among: size, in: all),
      let location = window.location(of: UnsafeRawBufferPointer(all))
    {
      let call = CollectiveCall(.reduceScatterInPlace, operation, Element.elementType, count: all.count)
      return try add(InPlaceReduceScatter(call: call, location: location, nodeCount: network.nodeCount))
    }
    if network.hasSeveralNodes {
      return try OutsideOperation(queue, transport.startReduceScatter(all, into: part, operation))
    }
    let call = CollectiveCall(.reduceScatter, operation, Element.elementType, count: all.count)
    return try add(
      ReduceScatterExchange(call, start, part.baseAddress, size: size, slotByteCount: window.slotByteCount))
  }

  /// Announces that this rank is there.
  public func startBarrier() throws -> any PendingOperation {
    if network.hasSeveralNodes { return try OutsideOperation(queue, transport.startBarrier()) }
    return try add(EmptyExchange(call: CollectiveCall(.barrier, count: 0)))
  }

  /// Sends through the communicator below.
  public func startSend<Element: ReducibleElement>(
    _ buffer: UnsafeBufferPointer<Element>, to rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try OutsideOperation(queue, transport.startSend(buffer, to: rank, tag: tag))
  }

  /// Receives through the communicator below.
  public func startReceive<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try OutsideOperation(queue, transport.startReceive(buffer, from: rank, tag: tag))
  }

  /// Splits the communicator below; the parts share memory of their own.
  public func split(color: Int?, key: Int) throws -> (any Communicator)? {
    try transport.split(color: color, key: key)?.sharingMemory(notify: notify)
  }

  /// Leaves the group below, which frees the memory. Ranks of this node that wait for this one in the window throw a
  /// ``CollectiveError``.
  public func finalize() throws {
    queue.leave()
    try network.finalize()
    try transport.finalize()
  }

  /// Ends the processes of all ranks.
  public func abort(_ status: Int32) -> Never { transport.abort(status) }

  private func add(_ exchange: some NodeExchange) throws -> SharedOperation {
    SharedOperation(queue, last: try queue.add(exchange))
  }

  private func describe<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) -> (call: CollectiveCall, location: UInt64?) {
    let location = window.location(of: UnsafeRawBufferPointer(buffer))
    let kind = location == nil ? CollectiveCall.Kind.allReduce : .allReduceInPlace
    return (CollectiveCall(kind, operation, Element.elementType, count: buffer.count), location)
  }

  private func slices(of call: CollectiveCall) -> AllReduceSlices {
    guard network.hasSeveralNodes else { return AllReduceSlices(count: size, haveOtherNodes: false) }
    let isForOne = call.count <= Self.oneLaneByteLimit / call.element.byteCount
    return AllReduceSlices(count: isForOne ? 1 : network.laneCount, haveOtherNodes: true)
  }

  private func isSmall(_ call: CollectiveCall) -> Bool {
    if network.hasSeveralNodes { return false }
    let limits = Self.wholeByteLimit
    let limit = call.kind != .allReduceInPlace ? limits.copied : size == 2 ? limits.inPlaceOfTwo : limits.inPlace
    return call.count <= min(limit / size, window.slotByteCount) / call.element.byteCount
  }
}
