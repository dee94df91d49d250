import Collective
import Testing

@Suite struct BucketSizesTests {
  @Test(arguments: [
    ("1MiB", 1 << 20, 1 << 20, "1MiB"), ("256KiB,4MiB", 256 << 10, 4 << 20, "256KiB,4MiB"),
    ("4096", 4096, 4096, "4KiB"), ("8,100", 8, 100, "8,100"), ("1k,2m", 1024, 2 << 20, "1KiB,2MiB"),
    ("1G", 1 << 30, 1 << 30, "1GiB"), ("25M,25M", 25 << 20, 25 << 20, "25MiB"), ("1025", 1025, 1025, "1025"),
  ])
  func `a text names the sizes`(_ text: String, _ first: Int, _ others: Int, _ written: String) throws {
    let sizes = try #require(BucketSizes(text))
    #expect(sizes == BucketSizes(first: first, others: others))
    #expect(sizes.description == written && BucketSizes(written) == sizes)
  }

  @Test(arguments: [
    "", ",", "1MiB,", ",1MiB", "1,2,3", "7", "0", "-8", "+8", "8 ", "1TiB", "1.5MiB", "MiB", "1MB", "0x10", "٨٨",
    "9223372036854775807K", "99999999999999999999", "auto",
  ])
  func `other texts name none`(_ text: String) { #expect(BucketSizes(text) == nil) }
}

@Suite struct BucketTuningTests {
  private let small = 100 << 10
  private let large = 2 << 20

  /// A search for the buckets of parameters with so many bytes each.
  private func search(_ byteCounts: [Int]) -> BucketTuning? {
    var end = 0
    let parameters = byteCounts.map { count in
      defer { end += count / 4 }
      return end..<end + count / 4
    }
    return BucketTuning { BucketPlan(parameters: parameters, tailCount: 2, bytesPerElement: 4, sizes: $0) }
  }

  @Test(arguments: [[], [100], [8 << 20], [1000, 8 << 20], [20_000, 20_000, 20_000]])
  func `where all sizes cut alike there is nothing to measure`(_ byteCounts: [Int]) {
    #expect(search(byteCounts) == nil)
  }

  @Test func `every candidate cuts in another way`() throws {
    let candidates = try #require(search(Array(repeating: small, count: 200))).candidates.map(\.description)
    #expect(candidates == ["1MiB", "64KiB", "64KiB,1MiB", "16MiB", "1MiB,16MiB", "256MiB"])
    #expect(try #require(search([small, large])).candidates.count == 2)
  }

  @Test func `steps take turns with the candidates after a warm-up, and then it is over`() throws {
    var tuning = try #require(search([small, large, small, large]))
    let count = tuning.candidates.count
    #expect(count >= 2)
    for _ in 0..<BucketTuning.warmUpCount {
      #expect(tuning.current == .standard)
      tuning.add(100)
    }
    for step in 0..<BucketTuning.roundCount * count {
      #expect(!tuning.isComplete && tuning.current == tuning.candidates[step % count])
      tuning.add(1)
    }
    #expect(tuning.isComplete)
  }

  /// What is chosen where the candidates take such times in every round, changed by `noise`.
  private func best(of times: [Double], noise: (_ round: Int, _ candidate: Int, Double) -> Double) throws -> Int? {
    let tuning = try #require(search([small, large, small, large]))
    let all = times + Array(repeating: 2, count: tuning.candidates.count - times.count)
    let seconds = (0..<BucketTuning.roundCount).flatMap { round in
      tuning.candidates.indices.map { noise(round, $0, all[$0]) }
    }
    return tuning.candidates.firstIndex(of: tuning.best(of: seconds))
  }

  @Test func `the fastest is chosen, and the standard where none is clearly faster`() throws {
    #expect(try best(of: [1, 0.9]) { $2 } == 1)
    #expect(try best(of: [1, 0.99]) { $2 } == 0)
    #expect(try best(of: [1, 1.1]) { $2 } == 0)
    #expect(try best(of: [1, 1]) { $2 } == 0)
  }

  @Test func `what slows whole rounds or single steps changes nothing`() throws {
    #expect(try best(of: [1, 0.9]) { round, _, time in time * Double(1 + round) } == 1)
    #expect(try best(of: [1, 0.9]) { round, candidate, time in round == 3 && candidate == 1 ? 50 : time } == 1)
    // A standard that was disturbed twice is not worse for it.
    #expect(try best(of: [1, 1]) { round, candidate, time in round < 2 && candidate == 0 ? 50 : time } == 0)
  }

  @Test(arguments: 1...4)
  func `all ranks choose the same, by the slowest`(_ ranks: Int) throws {
    let chosen = try ThreadCommunicator.run(size: ranks) { communicator in
      var tuning = try #require(search([small, large, small, large]))
      while !tuning.isComplete {
        // All but the last alone would choose the second.
        let isLast = communicator.rank == ranks - 1
        let isSecond = tuning.current == tuning.candidates[1]
        tuning.add(isLast ? (isSecond ? 3 : 2) : (isSecond ? 0.5 : 1))
      }
      return try tuning.best(communicator)
    }
    #expect(chosen == Array(repeating: .standard, count: ranks))
  }
}
