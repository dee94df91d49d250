import Collective

extension CollectiveConformance {
  static let diagnosisChecks: [Check] = [
    Check(name: "agreement where no rank fails") { communicator in
      let results = try communicator.agree(on: "counting") { communicator.rank * 2 }
      try require(results == communicator.rank * 2, "the work's own result, found \(results)")
      let nothing: Int? = try communicator.agree(on: "finding nothing") { nil }
      try require(nothing == nil, "no value is not a failure")
    },
    Check(name: "agreement where one rank fails, in turn") { communicator in
      for failing in 0..<communicator.size { try failTogether(communicator, from: failing, through: failing) }
    },
    Check(name: "agreement where several ranks fail: the lowest tells") { communicator in
      for failing in 0..<communicator.size { try failTogether(communicator, from: failing, through: Int.max) }
    },
    Check(name: "replicas that are the same") { communicator in
      try communicator.verifyReplicas(names: ["weight", "bias"], checksums: [1, UInt64.max])
      try communicator.verifyReplicas(names: [], checksums: [])
    },
    Check(name: "replicas of which one differs, in turn") { communicator in
      for differing in 1..<max(1, communicator.size) {
        // A later rank differs in the same parameter, and the last rank in a later one.
        let isOther = communicator.rank >= differing
        let checksums: [UInt64] = [7, isOther ? 9 : 8, communicator.rank == communicator.size - 1 ? 1 : 2]
        try requireThrows(ReplicaMismatch.parameter(index: 1, name: "0.bias", rank: differing)) {
          try communicator.verifyReplicas(names: ["0.weight", "0.bias", "1.weight"], checksums: checksums)
        }
      }
    },
    Check(name: "replicas with another number of parameters") { communicator in
      guard communicator.size > 1 else { return }
      let count = communicator.rank == 1 ? 3 : 2
      try requireThrows(ReplicaMismatch.parameterCount(least: 2, greatest: 3)) {
        try communicator.verifyReplicas(
          names: Array(repeating: "p", count: count), checksums: Array(repeating: 0, count: count))
      }
    },
    Check(name: "texts that are the same") { communicator in
      for text in ["", "one line", "two\nlines\n"] { try communicator.verifySame(text, what: "the configuration") }
    },
    Check(name: "texts of which one differs, in turn") { communicator in
      for differing in 1..<max(1, communicator.size) {
        let isOther = communicator.rank >= differing
        let text = "model: cnn\nseed: \(isOther ? communicator.rank : 0)\n"
        let mismatch = TextMismatch(
          what: "the configuration", rank: differing, line: 2, expected: "seed: 0", found: "seed: \(differing)")
        try requireThrows(mismatch) { try communicator.verifySame(text, what: "the configuration") }
        let message = "the configuration differs on rank \(differing): seed is \(differing), but 0 on rank 0"
        try require("\(mismatch)" == message, "\(mismatch)")
      }
    },
    Check(name: "a text that ends early") { communicator in
      guard communicator.size > 1 else { return }
      let text = communicator.rank == 1 ? "a\nb" : "a\nb\nc"
      let mismatch = TextMismatch(what: "the list", rank: 1, line: 3, expected: "c", found: "")
      try requireThrows(mismatch) { try communicator.verifySame(text, what: "the list") }
      let message = "the list differs on rank 1, line 3: it has nothing where rank 0 has \"c\""
      try require("\(mismatch)" == message, "\(mismatch)")
    },
  ]

  private static func failTogether(
    _ communicator: any Communicator, from first: Int, through last: Int
  ) throws {
    func work() throws {
      try communicator.agree(on: "reading the data set") {
        guard (first...last).contains(communicator.rank) else { return }
        throw ConformanceFailure(description: "no data on rank \(communicator.rank)")
      }
    }
    if communicator.rank == first {
      try requireThrows(ConformanceFailure(description: "no data on rank \(first)"), work)
    } else {
      try requireThrows(PeerFailure(rank: first, work: "reading the data set"), work)
    }
    try require(PeerFailure(rank: first, work: "reading").description == "rank \(first) failed while reading", "text")
  }
}
