import Collective

extension CollectiveConformance {
  static let pendingChecks: [Check] = [
    Check(name: "several all-reduces under way, waited for in reverse order") { communicator in
      try withStartedAllReduces(communicator) { operations in
        for operation in operations.reversed() { try operation.wait() }
      }
    },
    Check(name: "several all-reduces under way, tested until complete") { communicator in
      try withStartedAllReduces(communicator) { operations in
        for operation in operations {
          while !(try operation.test()) {}
          try require(try operation.test(), "a complete operation stays complete")
          try operation.wait()
        }
      }
    },
    Check(name: "an operation that is dropped waits") { communicator in
      try withStartedAllReduces(communicator) { $0.removeAll() }
    },
    Check(name: "other collectives while an all-reduce is under way") { communicator in
      let size = communicator.size
      try withStartedAllReduces(communicator) { operations in
        try require(try communicator.allReduced(Int32(1), .sum) == Int32(size), "ranks counted")
        try communicator.barrier()
        for operation in operations { try operation.wait() }
      }
    },
  ]

  /// Starts an all-reduce on a range of one buffer for each count, and checks the sums once `body` has ended them.
  private static func withStartedAllReduces(
    _ communicator: any Communicator, _ body: (inout [any PendingOperation]) throws -> Void
  ) throws {
    let total = counts.reduce(0, +)
    var values: [Float] = periodic(0..<total) { value(communicator.rank, $0) }
    try values.withUnsafeMutableBufferPointer { buffer in
      var start = 0
      var operations: [any PendingOperation] = []
      for count in counts {
        let range = UnsafeMutableBufferPointer(rebasing: buffer[start..<start + count])
        operations.append(try communicator.startAllReduce(range, .sum))
        start += count
      }
      try body(&operations)
    }
    let expected: [Float] = periodic(0..<total) { index in
      (0..<communicator.size).reduce(0) { $0 + value($1, index) }
    }
    try requireEqual(values, expected, "all-reduces under way")
  }
}
