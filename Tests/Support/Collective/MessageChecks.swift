import Collective

extension CollectiveConformance {
  static let messageChecks: [Check] = [
    Check(name: "messages around a ring") { communicator in
      guard communicator.size > 1 else { return }
      for count in counts {
        try sendAround(Float.self, communicator, count)
        try sendAround(Double.self, communicator, count)
        try sendAround(Int32.self, communicator, count)
        try sendAround(Int64.self, communicator, count)
        try sendAround(UInt8.self, communicator, count)
      }
    },
    Check(name: "messages to every rank, with tags, received in another order") { communicator in
      let (rank, size) = (communicator.rank, communicator.size)
      let count = 2000
      let others = (0..<size).filter { $0 != rank }
      let outgoing = (0..<3).flatMap { tag in [Int32](repeating: Int32(10 * rank + tag), count: count) }
      var incoming = [Int32](repeating: -1, count: 3 * size * count)
      try outgoing.withUnsafeBufferPointer { outgoing in
        try incoming.withUnsafeMutableBufferPointer { incoming in
          var operations: [any PendingOperation] = []
          for other in others {
            for tag in 0..<3 {
              let message = UnsafeBufferPointer(rebasing: outgoing[tag * count..<(tag + 1) * count])
              operations.append(try communicator.startSend(message, to: other, tag: tag))
            }
          }
          for other in others.reversed() {
            for tag in [2, 0, 1] {
              let start = (3 * other + tag) * count
              let place = UnsafeMutableBufferPointer(rebasing: incoming[start..<start + count])
              operations.append(try communicator.startReceive(place, from: other, tag: tag))
            }
          }
          for operation in operations.reversed() { try operation.wait() }
        }
      }
      let expected = (0..<size).flatMap { other in
        (0..<3).flatMap { tag in
          [Int32](repeating: other == rank ? -1 : Int32(10 * other + tag), count: count)
        }
      }
      try requireEqual(incoming, expected, "messages with tags")
    },
    Check(name: "messages of one pair and tag arrive in order") { communicator in
      guard communicator.size > 1 else { return }
      let counts = [5, 100_000, 1, 0, 3000]
      for (index, count) in counts.enumerated() where communicator.rank == 0 {
        try communicator.send([Float](repeating: Float(index), count: count), to: 1)
      }
      for (index, count) in counts.enumerated() where communicator.rank == 1 {
        var values = [Float](repeating: -1, count: count)
        try communicator.receive(&values, from: 0)
        try requireEqual(values, [Float](repeating: Float(index), count: count), "message \(index)")
      }
    },
    Check(name: "messages while an all-reduce is under way, and the other way round") { communicator in
      guard communicator.size > 1 else { return }
      let (rank, size, count) = (communicator.rank, communicator.size, 200_000)
      let outgoing = [Float](repeating: Float(rank), count: count)
      var incoming = [Float](repeating: -1, count: count)
      var summed = [Float](repeating: 1, count: count)
      try outgoing.withUnsafeBufferPointer { outgoing in
        try incoming.withUnsafeMutableBufferPointer { incoming in
          try summed.withUnsafeMutableBufferPointer { summed in
            let sum = try communicator.startAllReduce(summed, .sum)
            let send = try communicator.startSend(outgoing, to: (rank + 1) % size, tag: 7)
            // Every other rank waits in the opposite order.
            if rank % 2 == 0 { try sum.wait() }
            try communicator.receive(incoming, from: (rank + size - 1) % size, tag: 7)
            try sum.wait()
            try communicator.barrier()
            try send.wait()
          }
        }
      }
      try requireEqual(incoming, [Float](repeating: Float((rank + size - 1) % size), count: count), "the message")
      try requireEqual(summed, [Float](repeating: Float(size), count: count), "the sum")
    },
    Check(name: "messages that cannot be") { communicator in
      let (rank, size) = (communicator.rank, communicator.size)
      var values: [Float] = [1]
      for other in [-1, size] {
        let error = CollectiveError.peerOutOfRange(rank: other, size: size)
        try requireThrows(error) { try communicator.send(values, to: other) }
        try requireThrows(error) { try communicator.receive(&values, from: other) }
      }
      try requireThrows(CollectiveError.messageToSelf(rank: rank)) { try communicator.send(values, to: rank) }
      try requireThrows(CollectiveError.messageToSelf(rank: rank)) { try communicator.receive(&values, from: rank) }
      guard size > 1 else { return }
      for tag in [-1, 32_768] {
        let error = CollectiveError.tagOutOfRange(tag: tag)
        try requireThrows(error) { try communicator.send(values, to: (rank + 1) % size, tag: tag) }
        try requireThrows(error) { try communicator.receive(&values, from: (rank + 1) % size, tag: tag) }
      }
    },
    Check(name: "scatter from and gather at every rank") { communicator in
      for root in 0..<communicator.size {
        for count in counts {
          try scatterAndGather(Float.self, communicator, count, root)
          try scatterAndGather(Double.self, communicator, count, root)
          try scatterAndGather(Int32.self, communicator, count, root)
          try scatterAndGather(Int64.self, communicator, count, root)
          try scatterAndGather(UInt8.self, communicator, count, root)
        }
      }
    },
    Check(name: "all-to-all") { communicator in
      for count in counts {
        try allToAll(Float.self, communicator, count)
        try allToAll(Double.self, communicator, count)
        try allToAll(Int32.self, communicator, count)
        try allToAll(Int64.self, communicator, count)
        try allToAll(UInt8.self, communicator, count)
      }
    },
    Check(name: "all-to-all of counts that cannot be") { communicator in
      let (rank, size) = (communicator.rank, communicator.size)
      for counts in [[Int](repeating: 1, count: size + 1), [-1] + [Int](repeating: 2, count: size), []] {
        let error = CollectiveError.wrongCounts(counts, total: counts.reduce(0, +), size: size)
        try requireThrows(error) { _ = try communicator.exchangedCounts(counts, of: counts.reduce(0, +)) }
      }
      let ones = [Int](repeating: 1, count: size)
      try requireThrows(CollectiveError.wrongCounts(ones, total: size + 1, size: size)) {
        _ = try communicator.exchangedCounts(ones, of: size + 1)
      }
      try requireThrows(CollectiveError.wrongCounts([], total: 0, size: size)) {
        _ = try communicator.allToAll([[Float]]())
      }
      var values = [Float](repeating: 0, count: size + 1)
      var expected = ones
      expected[rank] = 2
      try requireThrows(CollectiveError.wrongMessageCount(found: 1, expected: 2, source: rank, tag: 32_767)) {
        try [Float](repeating: 1, count: size).withUnsafeBufferPointer { outgoing in
          try values.withUnsafeMutableBufferPointer { incoming in
            try communicator.allToAll(outgoing, counts: ones, into: incoming, counts: expected)
          }
        }
      }
    },
    Check(name: "scatter from and gather at a root that is no rank") { communicator in
      var values: [Float] = [1]
      for root in [-1, communicator.size] {
        try values.withUnsafeMutableBufferPointer { buffer in
          let error = CollectiveError.rootOutOfRange(root: root, size: communicator.size)
          try requireThrows(error) { try communicator.scatter(.init(buffer), into: buffer, from: root) }
          try requireThrows(error) { try communicator.gather(.init(buffer), into: buffer, at: root) }
        }
      }
    },
  ]

  /// Sends to the next rank and receives from the one before.
  private static func sendAround<Element: ReducibleElement>(
    _ type: Element.Type, _ communicator: any Communicator, _ count: Int
  ) throws {
    let (rank, size) = (communicator.rank, communicator.size)
    let previous = (rank + size - 1) % size
    let own: [Element] = operands(of: rank, 0..<count, .sum)
    var other = [Element](repeating: 0, count: count)
    try own.withUnsafeBufferPointer { own in
      let send = try communicator.startSend(own, to: (rank + 1) % size, tag: count % 7)
      try communicator.receive(&other, from: previous, tag: count % 7)
      try send.wait()
    }
    try requireEqual(other, operands(of: previous, 0..<count, .sum), "\(count) \(type) from rank \(previous)")
  }

  private static func scatterAndGather<Element: ReducibleElement>(
    _ type: Element.Type, _ communicator: any Communicator, _ count: Int, _ root: Int
  ) throws {
    let own = ShardCut(count: count, size: communicator.size).range(of: communicator.rank)
    let isRoot = communicator.rank == root
    var all: [Element] = isRoot ? operands(of: root, 0..<count, .sum) : []
    let expected = all
    var part = [Element](repeating: 0, count: own.count)
    try all.withUnsafeBufferPointer { all in
      try part.withUnsafeMutableBufferPointer { try communicator.scatter(all, into: $0, from: root) }
    }
    try requireEqual(part, operands(of: root, own, .sum), "scatter of \(count) \(type) from \(root)")

    all = [Element](repeating: 0, count: all.count)
    try part.withUnsafeBufferPointer { part in
      try all.withUnsafeMutableBufferPointer { try communicator.gather(part, into: $0, at: root) }
    }
    try requireEqual(all, expected, "gather of \(count) \(type) at \(root)")
  }

  /// A rank has for another as many elements as the count, their two ranks and nothing more say; none from the last to the
  /// first.
  private static func allToAll<Element: ReducibleElement>(
    _ type: Element.Type, _ communicator: any Communicator, _ count: Int
  ) throws {
    let (rank, size) = (communicator.rank, communicator.size)
    func part(from source: Int, to target: Int) -> [Element] {
      let isNone = source == size - 1 && target == 0
      return operands(of: source, 0..<(isNone ? 0 : count / size + 3 * source + target), .sum)
    }
    let found = try communicator.allToAll((0..<size).map { part(from: rank, to: $0) })
    try requireEqual([found.count], [size], "parts of an all-to-all")
    for source in 0..<size {
      try requireEqual(
        found[source], part(from: source, to: rank), "all-to-all of \(count) \(type), from rank \(source)")
    }
  }
}
