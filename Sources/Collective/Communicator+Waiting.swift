extension Communicator {
  /// Copies the buffer of rank `root` into the buffers of all others, which have the same count.
  ///
  /// Throws when `root` is no rank.
  public func broadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws {
    try startBroadcast(buffer, from: root).wait()
  }

  /// Puts the parts of all ranks side by side, in the order of the ranks, into every rank's `all`.
  ///
  /// Rank r's part has the length of ``ShardCut/range(of:)``, the cut of `all.count` over the ranks; another length
  /// throws. It may lie at its place in `all` already, on all ranks or none; otherwise the two must not overlap.
  public func allGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws {
    try startAllGather(part, into: all).wait()
  }

  /// Combines the `all` buffers of all ranks element by element and leaves each rank its part of the result.
  ///
  /// Rank r's part is ``ShardCut/range(of:)``, the cut of `all.count` over the ranks; another length throws. It may be
  /// that range of `all` itself, on all ranks or none; otherwise the two must not overlap. The rest of `all` is left as
  /// it was.
  public func reduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    try startReduceScatter(all, into: part, operation).wait()
  }

  /// Returns once every rank has called it.
  public func barrier() throws { try startBarrier().wait() }

  /// Sends a buffer to a rank that receives as many elements of the same type, from this rank and with this tag.
  ///
  /// Messages of one sender to one receiver with the same tag arrive in the order in which they were started. A send
  /// may wait for its receive: two ranks that send to each other start one of the two. Only these two ranks take part.
  ///
  /// Throws when `rank` is this rank or none, or the tag is not within 0 to 32 766. Where the counts differ the receiver
  /// throws, and the sender where it can know.
  public func send<Element: ReducibleElement>(
    _ buffer: UnsafeBufferPointer<Element>, to rank: Int, tag: Int = 0
  ) throws {
    try startSend(buffer, to: rank, tag: tag).wait()
  }

  /// Receives what `rank` sends to this rank with this tag, as ``send(_:to:tag:)`` says.
  public func receive<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from rank: Int, tag: Int = 0
  ) throws {
    try startReceive(buffer, from: rank, tag: tag).wait()
  }

  /// Gives every rank its part of rank `root`'s `all`, which is looked at there only.
  ///
  /// Rank r's part is ``ShardCut/range(of:)``, the cut of the root's `all.count` over the ranks; the two buffers must not
  /// overlap. Throws when `root` is no rank, and on a rank whose part has another length.
  public func scatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws {
    try checkRoot(root)
    guard rank == root else { return try receive(part, from: root, tag: MessageTag.parts) }
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    let sends = try (0..<size).filter { $0 != root }.map { rank in
      try startSend(UnsafeBufferPointer(rebasing: all[cut.range(of: rank)]), to: rank, tag: MessageTag.parts)
    }
    _ = part.update(fromContentsOf: all[cut.range(of: root)])
    try sends.waitForAll()
  }

  /// Puts the parts of all ranks side by side, in the order of the ranks, into rank `root`'s `all`; the others' is left
  /// as it was.
  ///
  /// Rank r's part has the length of ``ShardCut/range(of:)``, the cut of the root's `all.count` over the ranks; the two
  /// buffers must not overlap. Throws when `root` is no rank, and on the root where a part has another length.
  public func gather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>, at root: Int
  ) throws {
    try checkRoot(root)
    guard rank == root else { return try send(part, to: root, tag: MessageTag.parts) }
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    let receives = try (0..<size).filter { $0 != root }.map { rank in
      try startReceive(
        UnsafeMutableBufferPointer(rebasing: all[cut.range(of: rank)]), from: rank, tag: MessageTag.parts)
    }
    _ = UnsafeMutableBufferPointer(rebasing: all[cut.range(of: root)]).update(fromContentsOf: part)
    try receives.waitForAll()
  }
}

extension [any PendingOperation] {
  /// Waits for all, whichever of them fail, and throws the first failure: an operation that fails when it is dropped ends the
  /// program.
  package func waitForAll() throws {
    for outcome in map({ operation in Result { try operation.wait() } }) { try outcome.get() }
  }
}

/// The tags of messages, as MPI guarantees them.
enum MessageTag {
  /// All tags.
  static let all = 0...parts
  /// That of scatter, gather and all-to-all, and of sums along a binary tree.
  static let parts = 32_767
}
