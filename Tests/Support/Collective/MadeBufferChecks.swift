import Collective
import Foundation

extension CollectiveConformance {
  /// On memory that the communicator makes.
  static let madeBufferChecks: [Check] = [
    Check(name: "made buffers are aligned and filled with zeros") { communicator in
      for byteCount in [0, 1, 4096, 100_000] {
        let buffer = try communicator.makeBuffer(byteCount: byteCount)
        try require(buffer.bytes.count == byteCount, "\(buffer.bytes.count) bytes, expected \(byteCount)")
        try require(Int(bitPattern: buffer.bytes.baseAddress) % 64 == 0, "aligned to 64 bytes")
        try require(buffer.bytes.allSatisfy { $0 == 0 }, "filled with zeros")
      }
    },
    Check(name: "a buffer that is gone leaves its memory to the next") { communicator in
      func makeAndSum(_ count: Int) throws -> UnsafeMutableRawPointer? {
        let buffer = try communicator.makeBuffer(byteCount: 4 * count)
        try require(buffer.bytes.allSatisfy { $0 == 0 }, "filled with zeros")
        try buffer.withElements(of: Float.self) { elements in
          _ = elements.update(fromContentsOf: (0..<count).map { Float(value(communicator.rank, $0)) })
          try communicator.allReduce(elements, .sum)
          try requireEqual(Array(elements), sums(0..<count, communicator.size), "all-reduce of \(count)")
        }
        return buffer.bytes.baseAddress
      }
      // As one of 50,000 fits neither a much larger nor a smaller one, and a rank that keeps its buffer keeps the others'.
      let first = try makeAndSum(50_000)
      for count in [50_000, 40_000, 49_999, 50_000] {
        let next = try makeAndSum(count)
        if communicator is SharedCommunicator { try require(next == first, "another place for \(count)") }
      }
      for count in [60_000, 10_000] {
        let next = try makeAndSum(count)
        if communicator is SharedCommunicator { try require(next != first, "the same place for \(count)") }
      }
      let kept = communicator.rank == 0 ? try communicator.makeBuffer(byteCount: 200_000) : nil
      if communicator.rank > 0 { _ = try communicator.makeBuffer(byteCount: 200_000) }
      let another = try makeAndSum(50_000)
      if communicator is SharedCommunicator && communicator.size > 1 {
        try require(another != first, "the place of a buffer that rank 0 keeps")
      }
      try require(kept.map { $0.bytes.allSatisfy { $0 == 0 } } ?? true, "what is kept stays")
    },
    Check(name: "all-reduce of made buffers: floats") { try allReduceMade(Float.self, $0) },
    Check(name: "all-reduce of made buffers: doubles") { try allReduceMade(Double.self, $0) },
    Check(name: "all-reduce of made buffers: 32-bit integers") { try allReduceMade(Int32.self, $0) },
    Check(name: "all-reduce of made buffers: 64-bit integers") { try allReduceMade(Int64.self, $0) },
    Check(name: "all-reduce of made buffers: bytes") { try allReduceMade(UInt8.self, $0) },
    Check(name: "all-reduce of made buffers that begin anywhere, in another place on every rank") { communicator in
      try communicator.makeBuffer(byteCount: 4 * 20_000).withElements(of: Float.self) { made in
        for count in [1, 17, 5000] {
          let start = 1 + 100 * communicator.rank
          let buffer = UnsafeMutableBufferPointer(rebasing: made[start..<start + count])
          _ = buffer.update(fromContentsOf: (0..<count).map { Float(value(communicator.rank, $0)) })
          made[start + count] = -7
          try communicator.allReduce(buffer, .sum)
          try requireEqual(Array(buffer), sums(0..<count, communicator.size), "all-reduce of \(count)")
          try require(made[start + count] == -7, "what follows the buffer stays")
        }
      }
    },
    Check(name: "all-reduces of short made buffers in a row, some of them long") { communicator in
      // Around the ends of cache lines and of what is reduced in another way; more than headers and slots in a window.
      let counts = [1, 15, 16, 17, 127, 128, 129, 255, 257, 511, 512, 513, 1023, 1025, 1200, 20_000]
      try communicator.makeBuffer(byteCount: 4 * 20_001).withElements(of: Float.self) { made in
        for round in 0..<20 {
          for count in counts.dropLast(round % 5 == 0 ? 0 : 1) {
            let range = round..<round + count
            let buffer = UnsafeMutableBufferPointer(rebasing: made[..<count])
            let own: [Float] = operands(of: communicator.rank, range, .sum)
            _ = buffer.update(fromContentsOf: own)
            made[count] = -7
            try communicator.allReduce(buffer, .sum)
            try requireEqual(Array(buffer), sums(range, communicator.size), "all-reduce \(round) of \(count)")
            try require(made[count] == -7, "what follows the buffer stays")
          }
        }
      }
    },
    Check(name: "reduce-scatter and all-gather within made buffers") { communicator in
      // The longest is more messages between two ranks than are under way at once, on up to two nodes.
      let counts = counts + [700_001]
      try communicator.makeBuffer(byteCount: 4 * 700_001).withElements(of: Float.self) { made in
        for count in counts {
          let all = UnsafeMutableBufferPointer(rebasing: made[..<count])
          let own = ShardCut(count: count, size: communicator.size).range(of: communicator.rank)
          let part = UnsafeMutableBufferPointer(rebasing: all[own])
          let operands: [Float] = operands(of: communicator.rank, 0..<count, .sum)
          _ = all.update(fromContentsOf: operands)
          try communicator.reduceScatter(UnsafeBufferPointer(all), into: part, .sum)
          var expected = operands
          expected.replaceSubrange(own, with: sums(own, communicator.size))
          try requireEqual(Array(all), expected, "reduce-scatter of \(count)")
          try communicator.allGather(UnsafeBufferPointer(part), into: all)
          try requireEqual(Array(all), sums(0..<count, communicator.size), "all-gather of \(count)")
        }
      }
    },
    Check(name: "many buckets under way, with random sizes and delays") { communicator in
      for memory in [communicator, LocalCommunicator()] as [any Communicator] {
        try memory.makeBuffer(byteCount: 4 * 200_000).withElements { buffer in
          for seed in 0..<6 { try reduceBuckets(of: buffer, seed: UInt64(seed), communicator) }
        }
      }
    },
  ]

  private static func allReduceMade<Element: ReducibleElement>(
    _ type: Element.Type, _ communicator: any Communicator
  ) throws {
    let byteCount = (counts.max() ?? 0) * MemoryLayout<Element>.stride
    try communicator.makeBuffer(byteCount: byteCount).withElements(of: type) { made in
      for count in counts {
        for operation in ReduceOperation.allCases {
          let buffer = UnsafeMutableBufferPointer(rebasing: made[..<count])
          let own: [Element] = operands(of: communicator.rank, 0..<count, operation)
          _ = buffer.update(fromContentsOf: own)
          try communicator.allReduce(buffer, operation)
          let expected: [Element] = combined(communicator.size, 0..<count, operation)
          try requireEqual(Array(buffer), expected, "all-reduce (\(operation)) of \(count) \(type)")
        }
      }
    }
  }

  /// Cuts a buffer into ranges of random lengths, starts them all, and lets each rank do what it likes in between.
  private static func reduceBuckets(
    of buffer: UnsafeMutableBufferPointer<Float>, seed: UInt64, _ communicator: any Communicator
  ) throws {
    // All ranks draw the same sizes, and every rank its own delays.
    var sizes = RandomBits(seed)
    var delays = RandomBits(seed * 1000 + UInt64(communicator.rank) + 1)
    _ = buffer.update(fromContentsOf: buffer.indices.lazy.map { Float(value(communicator.rank, $0)) })
    var start = 0
    var operations: [any PendingOperation] = []
    while start < buffer.count {
      let count = min(buffer.count - start, 1 << sizes.next(below: 15) + sizes.next(below: 100))
      let bucket = UnsafeMutableBufferPointer(rebasing: buffer[start..<start + count])
      operations.append(try communicator.startAllReduce(bucket, .sum))
      start += count
      delays.delay()
      if delays.next(below: 4) == 0 { _ = try operations[delays.next(below: operations.count)].test() }
      if sizes.next(below: 8) == 0 {
        try require(try communicator.allReduced(Int64(start), .maximum) == Int64(start), "a value between buckets")
      }
    }
    while !operations.isEmpty {
      try operations.remove(at: delays.next(below: operations.count)).wait()
      delays.delay()
    }
    try requireEqual(Array(buffer), sums(buffer.indices, communicator.size), "buckets of seed \(seed)")
  }

  private static func sums(_ range: Range<Int>, _ size: Int) -> [Float] {
    periodic(range) { index in (0..<size).reduce(0) { $0 + value($1, index) } }
  }
}

/// Numbers that look random and are the same for the same seed (SplitMix64; Steele, Lea & Flood 2014).
private struct RandomBits {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((bits ^ (bits >> 31)) % UInt64(bound))
  }

  /// Lets some time pass now and then: up to half a millisecond.
  mutating func delay() {
    if next(below: 8) == 0 { usleep(UInt32(next(below: 500))) }
  }
}
