/// The ranks of one node, who combine their elements in memory that they share.
///
/// All collectives but those that start and end the job pass through a ``NodeWindow``. Results are combined along
/// a binary tree of the ranks, whatever the timing: the same inputs give the same bits. Buffers of ``makeBuffer(byteCount:)`` are
/// all-reduced where they lie; in one call, all ranks' buffers must be such, or none. What was started proceeds in every
/// later call of the rank, ``PendingOperation/test()`` among them.
public final class SharedCommunicator: Communicator {
  /// All-reduces of at most so many bytes over all ranks together take one phase; where a buffer has to be copied in
  /// any case, that pays longer.
  private static let wholeByteLimit = (inPlace: 4 << 10, copied: 16 << 10)

  /// The communicator that made the memory.
  public let transport: any Communicator
  private let provider: any SharedMemoryProvider
  private let window: NodeWindow
  private let queue: ExchangeQueue
  private let notify: (String) -> Void

  /// Layers the ranks of a node on the communicator that started them. Collective.
  ///
  /// `notify` is called on rank 0 when memory for a buffer is refused. Throws a ``SharedMemoryRefusal`` on all ranks
  /// alike where none can be shared.
  package init(
    _ provider: any SharedMemoryProvider, slotByteCount: Int = 128 << 10, stallSeconds: Double = 5,
    notify: @escaping (String) -> Void = { _ in }
  ) throws {
    precondition(provider.localSize == provider.size, "\(provider.size) ranks, \(provider.localSize) of them here")
    self.provider = provider
    self.notify = notify
    transport = provider
    window = try NodeWindow(provider, slotByteCount: slotByteCount)
    queue = try ExchangeQueue(window, provider, stallSeconds: stallSeconds)
  }

  /// This rank.
  public var rank: Int { window.rank }
  /// The number of ranks.
  public var size: Int { window.size }
  /// The rank: all share a node.
  public var localRank: Int { window.rank }
  /// The number of ranks: all share a node.
  public var localSize: Int { window.size }
  /// True.
  public var sumsAlongBinaryTree: Bool { true }
  /// How the ranks were started.
  public var launch: LaunchDescription { transport.launch }

  /// Memory in the shared window; where that is refused, of this process alone.
  public func makeBuffer(byteCount: Int) throws -> CommunicationBuffer {
    do {
      let memory = try provider.makeSharedMemory(byteCount: byteCount)
      let bytes = UnsafeMutableRawBufferPointer(start: memory.parts[rank], count: byteCount)
      bytes.initializeMemory(as: UInt8.self, repeating: 0)
      window.add(memory)
      return CommunicationBuffer(borrowing: bytes)
    } catch let refusal as SharedMemoryRefusal {
      if rank == 0 { notify("gradients are copied to be all-reduced: \(refusal)") }
      return CommunicationBuffer(privateByteCount: byteCount)
    }
  }

  /// `shared window` with how the buffer is combined.
  public func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String {
    let (call, location) = describe(buffer, .sum)
    if isSmall(call) { return "shared window, one phase" }
    return location == nil ? "shared window, copied" : "shared window, in place"
  }

  /// Combines the buffers in the shared window.
  public func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    guard let start = buffer.baseAddress, buffer.count > 0 else { return }
    let (call, location) = describe(buffer, operation)
    if isSmall(call) {
      try queue.run(WholeAllReduce(call: call, buffer: start))
    } else if let location {
      try queue.run(InPlaceAllReduce(call: call, location: location))
    } else {
      try queue.run(SlicedAllReduce(call, start, slotByteCount: window.slotByteCount))
    }
  }

  /// Announces the buffer. Additions are made in later calls of this rank, once all ranks have announced theirs.
  public func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    guard let start = buffer.baseAddress, buffer.count > 0 else { return SharedOperation(queue, last: 0) }
    let (call, location) = describe(buffer, operation)
    if isSmall(call) { return try add(WholeAllReduce(call: call, buffer: start)) }
    if let location { return try add(InPlaceAllReduce(call: call, location: location)) }
    return try add(SlicedAllReduce(call, start, slotByteCount: window.slotByteCount))
  }

  /// Copies the root's buffer through the shared window.
  public func startBroadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws -> any PendingOperation {
    try checkRoot(root)
    guard let start = buffer.baseAddress, buffer.count > 0 else { return SharedOperation(queue, last: 0) }
    let call = CollectiveCall(.broadcast, .sum, Element.elementType, count: buffer.count, root: root)
    return try add(BroadcastExchange(call, start, slotByteCount: window.slotByteCount))
  }

  /// Copies every rank's part, where it lies in the shared window or through it.
  public func startAllGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    guard let start = all.baseAddress, all.count > 0 else { return SharedOperation(queue, last: 0) }
    if part.isPart(of: rank, among: size, in: UnsafeBufferPointer(all)),
      let location = window.location(of: UnsafeRawBufferPointer(all))
    {
      let call = CollectiveCall(.allGatherInPlace, .sum, Element.elementType, count: all.count)
      return try add(InPlaceAllGather(call: call, location: location))
    }
    let call = CollectiveCall(.allGather, .sum, Element.elementType, count: all.count)
    return try add(AllGatherExchange(call, part.baseAddress, start, size: size, slotByteCount: window.slotByteCount))
  }

  /// Combines each rank's part, where it lies in the shared window or through it.
  public func startReduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    guard let start = all.baseAddress, all.count > 0 else { return SharedOperation(queue, last: 0) }
    if UnsafeBufferPointer(part).isPart(of: rank, among: size, in: all),
      let location = window.location(of: UnsafeRawBufferPointer(all))
    {
      let call = CollectiveCall(.reduceScatterInPlace, operation, Element.elementType, count: all.count)
      return try add(InPlaceReduceScatter(call: call, location: location))
    }
    let call = CollectiveCall(.reduceScatter, operation, Element.elementType, count: all.count)
    return try add(
      ReduceScatterExchange(call, start, part.baseAddress, size: size, slotByteCount: window.slotByteCount))
  }

  /// Announces that this rank is there.
  public func startBarrier() throws -> any PendingOperation { try add(BarrierExchange()) }

  /// Returns once every rank has announced that it is there.
  public func barrier() throws { try queue.run(BarrierExchange()) }

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

  /// Leaves the group below, which frees the memory.
  public func finalize() throws { try transport.finalize() }

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

  private func isSmall(_ call: CollectiveCall) -> Bool {
    let limit = call.kind == .allReduceInPlace ? Self.wholeByteLimit.inPlace : Self.wholeByteLimit.copied
    return call.count <= min(limit / size, window.slotByteCount) / call.element.byteCount
  }
}
