import Collective

extension CollectiveConformance {
  /// Ranks that end what they have started in orders of their own: each then needs what the others wait for last.
  static let waitOrderChecks: [Check] = [
    Check(name: "operations of several groups, ended in another order on each rank") { communicator in
      try withOperations(communicator) { _, operations in
        for index in operations.indices {
          try operations[(index + communicator.rank) % operations.count].wait()
        }
      }
    },
    Check(name: "operations of several groups, ended by some ranks before others make a call") { communicator in
      try withOperations(communicator) { groups, operations in
        for (index, group) in groups.enumerated() {
          let first = operations[(index + 1) % operations.count]
          if communicator.rank.isMultiple(of: 2) {
            try group.barrier()
            try first.wait()
          } else {
            try first.wait()
            try group.barrier()
          }
        }
      }
    },
    Check(name: "operations of several groups, ended by some ranks before others make another group") { communicator in
      try withOperations(communicator) { _, operations in
        if communicator.rank.isMultiple(of: 2) { for operation in operations { try operation.wait() } }
        try communicator.split(color: 0, key: 0)?.finalize()
      }
    },
    Check(name: "an operation that some ranks start before and others after making another group") { communicator in
      try withOperations(communicator) { groups, operations in
        for operation in operations { try operation.wait() }
        var values = [Float](repeating: 1, count: 100_000)
        try values.withUnsafeMutableBufferPointer { buffer in
          let isEarly = communicator.rank.isMultiple(of: 2)
          let early = isEarly ? try groups[1].startAllReduce(buffer, .sum) : nil
          let other = try communicator.split(color: 0, key: 0)
          try (early ?? groups[1].startAllReduce(buffer, .sum)).wait()
          try other?.finalize()
        }
        try requireEqual(values, Array(repeating: Float(communicator.size), count: 100_000), "the sums")
      }
    },
    Check(name: "groups that some ranks leave before others end an operation") { communicator in
      try withOperations(communicator) { _, operations in
        let other = try communicator.split(color: 0, key: 0)
        if communicator.rank.isMultiple(of: 2) { try other?.finalize() }
        for operation in operations { try operation.wait() }
        if !communicator.rank.isMultiple(of: 2) { try other?.finalize() }
      }
    },
    Check(name: "operations of several groups, ended by some ranks before others receive a message") { communicator in
      try withOperations(communicator) { _, operations in
        let (rank, size) = (communicator.rank, communicator.size)
        var number = [Int32(rank)]
        if rank > 0 {
          for operation in operations { try operation.wait() }
          try communicator.send(number, to: 0)
        } else {
          for source in 1..<max(size, 1) {
            try communicator.receive(&number, from: source)
            try requireEqual(number, [Int32(source)], "the message")
          }
        }
      }
    },
  ]

  /// Starts sums of the group, of one with the same ranks, of one in 16 bits and of one below all layers, and checks them
  /// once `body` returns.
  private static func withOperations(
    _ communicator: any Communicator,
    _ body: (_ groups: [any Communicator], _ operations: [any PendingOperation]) throws -> Void
  ) throws {
    guard let part = try communicator.split(color: 0, key: communicator.rank) else {
      throw ConformanceFailure(description: "no part for a color")
    }
    guard let plain = try communicator.transport.split(color: 0, key: communicator.rank) else {
      throw ConformanceFailure(description: "no part below for a color")
    }
    let groups = [communicator, part, try HalfPrecisionCommunicator(communicator, .bfloat16), plain]
    let count = 300_000
    var sums = groups.indices.map { [Float](repeating: Float($0 + 1), count: count) }
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: groups.count * count)
    defer { memory.deallocate() }
    _ = memory.initialize(from: sums.joined())
    do {
      let operations = try groups.enumerated().map { index, group in
        try group.startAllReduce(
          UnsafeMutableBufferPointer(rebasing: memory[index * count..<(index + 1) * count]), .sum)
      }
      try body(groups, operations)
    }
    for index in groups.indices {
      sums[index] = Array(memory[index * count..<(index + 1) * count])
      let expected = Float((index + 1) * communicator.size)
      try requireEqual(sums[index], Array(repeating: expected, count: count), "sums of group \(index)")
    }
    try plain.finalize()
    try part.finalize()
  }
}
