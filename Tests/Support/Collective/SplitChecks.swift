import Collective

extension CollectiveConformance {
  static let splitChecks: [Check] = [
    Check(name: "split into even and odd ranks") { communicator in
      let rank = communicator.rank
      let part = try requirePart(communicator.split(color: rank % 2, key: 0))
      let members = (0..<communicator.size).filter { $0 % 2 == rank % 2 }
      try require(part.size == members.count, "\(part.size) ranks, expected \(members.count)")
      try require(part.rank == members.firstIndex(of: rank), "rank \(part.rank) of the part")
      try require((0..<part.localSize).contains(part.localRank), "local rank \(part.localRank) of \(part.localSize)")
      try checkSum(part, of: members, rank)
      try part.finalize()
    },
    Check(name: "split in the reverse order, and again") { communicator in
      let (rank, size) = (communicator.rank, communicator.size)
      let reversed = try requirePart(communicator.split(color: 5, key: -rank))
      try require(reversed.size == size && reversed.rank == size - 1 - rank, "rank \(reversed.rank) in reverse")
      let value = [Int32(rank)]
      var first = value
      try reversed.broadcast(&first, from: 0)
      try requireEqual(first, [Int32(size - 1)], "broadcast in reverse")
      let alone = try requirePart(reversed.split(color: rank, key: 0))
      try require(alone.size == 1 && alone.rank == 0, "rank \(alone.rank) of \(alone.size) alone")
      try require(try alone.allReduced(Int64(rank), .sum) == Int64(rank), "all-reduce alone")
      try alone.finalize()
      try reversed.finalize()
    },
    Check(name: "split that leaves a rank out, with other parts at work meanwhile") { communicator in
      let (rank, size) = (communicator.rank, communicator.size)
      let part = try communicator.split(color: rank == 0 ? nil : 3, key: 0)
      try require((part == nil) == (rank == 0), "rank 0 alone is left out")
      if let part {
        for _ in 0..<3 { try checkSum(part, of: Array(1..<size), rank) }
        try part.finalize()
      }
      try require(try communicator.allReduced(Int32(1), .sum) == Int32(size), "the whole goes on")
    },
    Check(name: "split with an all-reduce of the whole under way") { communicator in
      let (rank, size) = (communicator.rank, communicator.size)
      var values = [Float](repeating: Float(rank), count: 100_003)
      try values.withUnsafeMutableBufferPointer { buffer in
        let sum = try communicator.startAllReduce(buffer, .sum)
        let part = try requirePart(communicator.split(color: rank / 2, key: 0))
        try checkSum(part, of: (0..<size).filter { $0 / 2 == rank / 2 }, rank)
        try sum.wait()
        try part.finalize()
      }
      try requireEqual(values, [Float](repeating: Float(size * (size - 1) / 2), count: values.count), "the sum")
    },
    Check(name: "split with a color or key that cannot be") { communicator in
      let tooLarge = Int(Int32.max) + 1
      for (color, key) in [(-1, 0), (tooLarge, 0), (0, tooLarge), (0, -tooLarge - 1)] {
        try requireThrows(CollectiveError.splitOutOfRange(color: color, key: key)) {
          _ = try communicator.split(color: color, key: key)
        }
      }
    },
  ]

  private static func requirePart(_ part: (any Communicator)?) throws -> any Communicator {
    guard let part else { throw ConformanceFailure(description: "no part for a color") }
    return part
  }

  /// All-reduces numbers of the ranks of a part.
  private static func checkSum(_ part: any Communicator, of members: [Int], _ rank: Int) throws {
    for count in counts {
      var values: [Float] = operands(of: rank, 0..<count, .sum)
      try part.allReduce(&values, .sum)
      let expected: [Float] = periodic(0..<count) { index in members.reduce(0) { $0 + value($1, index) } }
      try requireEqual(values, expected, "all-reduce of \(count) over \(members)")
    }
  }
}
