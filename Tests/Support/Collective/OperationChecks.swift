import Collective

extension CollectiveConformance {
  static let operationChecks: [Check] = [
    Check(name: "place in the group") { communicator in
      let (rank, size) = (communicator.rank, communicator.size)
      try require((0..<size).contains(rank), "rank \(rank) of \(size)")
      let (localRank, localSize) = (communicator.localRank, communicator.localSize)
      try require((0..<localSize).contains(localRank), "local rank \(localRank) of \(localSize)")
      try require(try communicator.allReduced(Int64(rank), .sum) == Int64(size * (size - 1) / 2), "ranks are distinct")
      try require(communicator.launch.rank == rank && communicator.launch.size == size, "\(communicator.launch)")
    },
    Check(name: "all-reduce of floats") { try allReduce(Float.self, $0) },
    Check(name: "all-reduce of doubles") { try allReduce(Double.self, $0) },
    Check(name: "all-reduce of 32-bit integers") { try allReduce(Int32.self, $0) },
    Check(name: "all-reduce of 64-bit integers") { try allReduce(Int64.self, $0) },
    Check(name: "all-reduce of bytes") { try allReduce(UInt8.self, $0) },
    Check(name: "all-reduce is bit-identical on all ranks") { communicator in
      for count in counts {
        var values = (0..<count).map { Float.random(in: -1...1, seed: UInt64(communicator.rank * count + $0)) }
        try communicator.allReduce(&values, .sum)
        try requireSameBits(values, communicator)
      }
    },
    Check(name: "broadcast from every root") { communicator in
      for root in 0..<communicator.size {
        try broadcast(Float.self, communicator, root)
        try broadcast(Double.self, communicator, root)
        try broadcast(Int32.self, communicator, root)
        try broadcast(Int64.self, communicator, root)
        try broadcast(UInt8.self, communicator, root)
        let text = "rank \(communicator.rank) says grüß Gott"
        try require(try communicator.broadcast(text, from: root) == "rank \(root) says grüß Gott", "broadcast text")
      }
    },
    Check(name: "a broadcast array gives the others its count") { communicator in
      for root in 0..<communicator.size {
        for count in counts {
          let expected: [Int64] = operands(of: root, 0..<count, .sum)
          var values = communicator.rank == root ? expected : (0..<Int64(communicator.rank)).map { $0 }
          try communicator.broadcast(&values, from: root)
          try requireEqual(values, expected, "broadcast from \(root) of \(count)")
        }
      }
    },
    Check(name: "gathered arrays of different counts") { communicator in
      func array(of rank: Int) -> [Float] { (0..<rank * 3).map { Float(rank * 100 + $0) } }
      let arrays = try communicator.gathered(array(of: communicator.rank))
      for (rank, found) in arrays.enumerated() {
        try requireEqual(found, array(of: rank), "gathered from rank \(rank)")
      }
      try require(arrays.count == communicator.size, "\(arrays.count) arrays")
    },
    Check(name: "values that are Codable, broadcast and gathered") { communicator in
      struct Plan: Codable, Equatable { var names: [String], rate: Double, sizes: [Int]? }
      func plan(of rank: Int) -> Plan {
        let rate = rank == 1 ? -Double.infinity : 0.1 + Double(rank)
        return Plan(names: (0..<rank).map { "layer \($0)" }, rate: rate, sizes: [rank, 7])
      }
      for root in 0..<communicator.size {
        let found = try communicator.broadcast(encoding: plan(of: communicator.rank), from: root)
        try require(found == plan(of: root), "broadcast from \(root): \(found)")
      }
      let all = try communicator.gathered(encoding: plan(of: communicator.rank))
      try require(all == (0..<communicator.size).map(plan), "gathered: \(all)")
      let sizes = try communicator.broadcast(encoding: [3, communicator.rank], from: 0)
      try require(sizes == [3, 0], "an array of Int: \(sizes)")
    },
    Check(name: "nothing is combined, broadcast and gathered") { communicator in
      var nothing: [Double] = []
      for _ in 0..<3 {
        try communicator.allReduce(&nothing, .sum)
        try communicator.broadcast(&nothing, from: communicator.size - 1)
        try nothing.withUnsafeMutableBufferPointer { try communicator.startAllReduce($0, .sum).wait() }
      }
      try require(try communicator.allReduced(Int64(1), .sum) == Int64(communicator.size), "a sum after nothing")
    },
    Check(name: "broadcast from a root that is no rank") { communicator in
      for root in [-1, communicator.size] {
        var values: [Float] = [1]
        try requireThrows(CollectiveError.rootOutOfRange(root: root, size: communicator.size)) {
          try communicator.broadcast(&values, from: root)
        }
      }
    },
    Check(name: "all-gather and reduce-scatter of uneven parts") { communicator in
      for count in counts {
        try gatherAndScatter(Float.self, communicator, count)
        try gatherAndScatter(Double.self, communicator, count)
        try gatherAndScatter(Int32.self, communicator, count)
        try gatherAndScatter(Int64.self, communicator, count)
        try gatherAndScatter(UInt8.self, communicator, count)
      }
    },
    Check(name: "all-gather where the part lies in the whole") { communicator in
      for count in counts {
        let own = ShardCut(count: count, size: communicator.size).range(of: communicator.rank)
        var all = (0..<count).map { own.contains($0) ? Int32($0) : -1 }
        try all.withUnsafeMutableBufferPointer {
          try communicator.allGather(UnsafeBufferPointer(rebasing: $0[own]), into: $0)
        }
        try requireEqual(all, (0..<count).map(Int32.init), "all-gather in place of \(count)")
      }
    },
    Check(name: "reduce-scatter where the part lies in the whole") { communicator in
      for count in counts {
        let own = ShardCut(count: count, size: communicator.size).range(of: communicator.rank)
        var all: [Int32] = operands(of: communicator.rank, 0..<count, .sum)
        try all.withUnsafeMutableBufferPointer {
          try communicator.reduceScatter(UnsafeBufferPointer($0), into: .init(rebasing: $0[own]), .sum)
        }
        var expected: [Int32] = operands(of: communicator.rank, 0..<count, .sum)
        expected.replaceSubrange(own, with: combined(communicator.size, own, .sum) as [Int32])
        try requireEqual(all, expected, "reduce-scatter in place of \(count)")
      }
    },
    Check(name: "a part of the wrong length") { communicator in
      let expected = ShardCut(count: 10, size: communicator.size).range(of: communicator.rank).count
      let all = UnsafeMutableBufferPointer<Float>.allocate(capacity: 10)
      let part = UnsafeMutableBufferPointer<Float>.allocate(capacity: expected + 1)
      defer {
        all.deallocate()
        part.deallocate()
      }
      let error = CollectiveError.wrongPartCount(
        found: expected + 1, expected: expected, total: 10, rank: communicator.rank, size: communicator.size)
      try requireThrows(error) { try communicator.allGather(UnsafeBufferPointer(part), into: all) }
      try requireThrows(error) { try communicator.reduceScatter(UnsafeBufferPointer(all), into: part, .sum) }
    },
    Check(name: "barrier") { communicator in
      for _ in 0..<20 { try communicator.barrier() }
    },
  ]

  private static func allReduce<Element: ReducibleElement>(
    _ type: Element.Type, _ communicator: any Communicator
  ) throws {
    for count in counts {
      for operation in ReduceOperation.allCases {
        var values: [Element] = operands(of: communicator.rank, 0..<count, operation)
        try communicator.allReduce(&values, operation)
        let expected: [Element] = combined(communicator.size, 0..<count, operation)
        try requireEqual(values, expected, "all-reduce (\(operation)) of \(count) \(type)")
      }
    }
  }

  private static func broadcast<Element: ReducibleElement>(
    _ type: Element.Type, _ communicator: any Communicator, _ root: Int
  ) throws {
    for count in counts {
      var values: [Element] = operands(of: communicator.rank, 0..<count, .sum)
      try communicator.broadcast(&values, from: root)
      try requireEqual(
        values, operands(of: root, 0..<count, .sum), "broadcast from \(root) of \(count) \(type)")
    }
  }

  private static func gatherAndScatter<Element: ReducibleElement>(
    _ type: Element.Type, _ communicator: any Communicator, _ count: Int
  ) throws {
    let (rank, size) = (communicator.rank, communicator.size)
    let cut = ShardCut(count: count, size: size)
    let part: [Element] = operands(of: rank, cut.range(of: rank), .sum)
    var all = [Element](repeating: 0, count: count)
    try part.withUnsafeBufferPointer { part in
      try all.withUnsafeMutableBufferPointer { try communicator.allGather(part, into: $0) }
    }
    let expected: [Element] = (0..<size).flatMap { operands(of: $0, cut.range(of: $0), .sum) }
    try requireEqual(all, expected, "all-gather of \(count) \(type)")

    for operation in ReduceOperation.allCases {
      let all: [Element] = operands(of: rank, 0..<count, operation)
      var part = [Element](repeating: 0, count: cut.range(of: rank).count)
      try all.withUnsafeBufferPointer { all in
        try part.withUnsafeMutableBufferPointer { try communicator.reduceScatter(all, into: $0, operation) }
      }
      let expected: [Element] = combined(size, cut.range(of: rank), operation)
      try requireEqual(part, expected, "reduce-scatter (\(operation)) of \(count) \(type)")
    }
  }

  /// What a rank brings to an operation.
  static func operands<Element: ReducibleElement>(
    of rank: Int, _ range: Range<Int>, _ operation: ReduceOperation
  ) -> [Element] {
    periodic(range) { operand(rank, $0, operation) }
  }

  /// What `size` ranks must get.
  static func combined<Element: ReducibleElement>(
    _ size: Int, _ range: Range<Int>, _ operation: ReduceOperation
  ) -> [Element] {
    periodic(range) { index in
      let numbers = (0..<size).map { operand($0, index, operation) }
      return numbers.dropFirst().reduce(numbers[0]) { left, right in
        switch operation {
        case .sum: left + right
        case .product: left * right
        case .minimum: min(left, right)
        case .maximum: max(left, right)
        }
      }
    }
  }

  /// Products of ones and twos stay exact too.
  private static func operand(_ rank: Int, _ index: Int, _ operation: ReduceOperation) -> Int {
    operation == .product ? 1 + value(rank, index) % 2 : value(rank, index)
  }

  /// Throws unless all ranks hold the same bits.
  static func requireSameBits(_ values: [Float], _ communicator: any Communicator) throws {
    let own = values.map { Int32(bitPattern: $0.bitPattern) }
    var least = own
    var greatest = own
    try communicator.allReduce(&least, .minimum)
    try communicator.allReduce(&greatest, .maximum)
    try requireEqual(least, greatest, "bits of \(values.count) elements over the ranks")
  }
}

extension Float {
  /// A number that looks random, with all bits in use, and is the same for the same seed.
  static func random(in range: ClosedRange<Float>, seed: UInt64) -> Float {
    var bits = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    let unit = Float(bits >> 40) / Float(1 << 24)
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }
}
