extension Communicator {
  /// Gives every rank a part of this rank's elements and puts what all ranks give this one side by side, in the order of
  /// the ranks, as `MPI_Alltoallv`. Collective.
  ///
  /// Throws where the counts are not one of each rank that add up to the buffer's, and on a rank that is given another
  /// count than it expects.
  ///
  /// - Parameters:
  ///   - outgoing: The parts for all ranks, in their order.
  ///   - outgoingCounts: How many elements each rank gets of this one.
  ///   - incoming: Where the ranks' parts go; it must not overlap the other buffer.
  ///   - incomingCounts: How many elements each rank has for this one.
  public func allToAll<Element: ReducibleElement>(
    _ outgoing: UnsafeBufferPointer<Element>, counts outgoingCounts: [Int],
    into incoming: UnsafeMutableBufferPointer<Element>, counts incomingCounts: [Int]
  ) throws {
    let sources = try ranges(of: outgoingCounts, in: outgoing.count)
    let places = try ranges(of: incomingCounts, in: incoming.count)
    guard sources[rank].count == places[rank].count else {
      throw CollectiveError.wrongMessageCount(
        found: sources[rank].count, expected: places[rank].count, source: rank, tag: MessageTag.parts)
    }
    let others = (1..<size).map { (rank + $0) % size }
    let receives = try others.reversed().map { other in
      try startReceive(
        UnsafeMutableBufferPointer(rebasing: incoming[places[other]]), from: other, tag: MessageTag.parts)
    }
    let sends = try others.map { other in
      try startSend(UnsafeBufferPointer(rebasing: outgoing[sources[other]]), to: other, tag: MessageTag.parts)
    }
    _ = UnsafeMutableBufferPointer(rebasing: incoming[places[rank]]).update(fromContentsOf: outgoing[sources[rank]])
    try (receives + sends).waitForAll()
  }

  /// Gives every rank its array of this rank's and returns those that all ranks have for this one, in the order of the
  /// ranks; they may have different counts. Collective.
  ///
  /// Throws where there is not one array for each rank.
  public func allToAll<Element: ReducibleElement>(_ parts: [[Element]]) throws -> [[Element]] {
    let outgoing = parts.map(\.count)
    let incoming = try exchangedCounts(outgoing, of: outgoing.reduce(0, +))
    var result = [Element](repeating: 0, count: incoming.reduce(0, +))
    try parts.flatMap { $0 }.withUnsafeBufferPointer { parts in
      try result.withUnsafeMutableBufferPointer { try allToAll(parts, counts: outgoing, into: $0, counts: incoming) }
    }
    return try ranges(of: incoming, in: result.count).map { Array(result[$0]) }
  }

  /// How many of their elements all ranks have for this one. Collective.
  ///
  /// Throws where the counts are not one of each rank that add up to this rank's elements.
  package func exchangedCounts(_ counts: [Int], of total: Int) throws -> [Int] {
    _ = try ranges(of: counts, in: total)
    var result = [Int64](repeating: 0, count: size)
    let ones = [Int](repeating: 1, count: size)
    try counts.map(Int64.init).withUnsafeBufferPointer { counts in
      try result.withUnsafeMutableBufferPointer { try allToAll(counts, counts: ones, into: $0, counts: ones) }
    }
    return result.map(Int.init)
  }

  /// The places of all ranks' parts that lie one after another.
  private func ranges(of counts: [Int], in total: Int) throws -> [Range<Int>] {
    var end = 0
    let ranges = counts.map { count in
      let start = end
      end += max(count, 0)
      return start..<end
    }
    guard counts.count == size, counts.allSatisfy({ $0 >= 0 }), end == total else {
      throw CollectiveError.wrongCounts(counts, total: total, size: size)
    }
    return ranges
  }
}
