import Collective
import Testing
import TestSupport

@Suite struct ThreadCommunicatorTests {
  @Test func `floats are summed in the order of the ranks`() throws {
    let contributions: [[Float]] = [[1e8, 1], [1, 1e-8], [-1e8, -1]]
    for _ in 0..<20 {
      let results = try ThreadCommunicator.run(size: 3) { communicator in
        var values = contributions[communicator.rank]
        try communicator.allReduce(&values, .sum)
        return values
      }
      let expected = (0..<2).map { contributions[0][$0] + contributions[1][$0] + contributions[2][$0] }
      #expect(results == [expected, expected, expected])
    }
  }

  @Test func `results come in the order of the ranks`() throws {
    #expect(try ThreadCommunicator.run(size: 4) { $0.rank * 10 } == [0, 10, 20, 30])
  }

  @Test(arguments: 0..<3)
  func `a rank that throws releases the others`(_ failing: Int) throws {
    let released = CollectedTexts()
    #expect(throws: ConformanceFailure(description: "on purpose")) {
      try ThreadCommunicator.run(size: 3) { communicator in
        if communicator.rank == failing { throw ConformanceFailure(description: "on purpose") }
        do {
          try communicator.barrier()
        } catch {
          released.append("\(communicator.rank): \(error)")
          throw error
        }
      }
    }
    let others = (0..<3).filter { $0 != failing }.map { "\($0): rank \(failing) failed" }
    #expect(released.texts.sorted() == others)
  }

  @Test func `a rank that throws with an operation under way releases the others`() throws {
    #expect(throws: ConformanceFailure(description: "on purpose")) {
      try ThreadCommunicator.run(size: 2) { communicator in
        var values = [Float](repeating: 1, count: 100)
        try values.withUnsafeMutableBufferPointer { buffer in
          let operation = try communicator.startAllReduce(buffer, .sum)
          if communicator.rank == 0 { throw ConformanceFailure(description: "on purpose") }
          try operation.wait()
          try communicator.barrier()
        }
      }
    }
  }

  @Test func `a rank that ends early releases the others`() throws {
    #expect(throws: CollectiveError.rankLeft(rank: 1, call: "a barrier")) {
      try ThreadCommunicator.run(size: 2) { if $0.rank == 0 { try $0.barrier() } }
    }
  }

  @Test func `ranks that make different calls are told which`() throws {
    let error = #expect(throws: CollectiveError.self) {
      try ThreadCommunicator.run(size: 2) { communicator in
        var values = [Double](repeating: 0, count: communicator.rank == 0 ? 3 : 4)
        try communicator.allReduce(&values, .sum)
      }
    }
    let text = try #require(error).description
    #expect(text.contains("rank 0 called an all-reduce (sum) of 3 Double"))
    #expect(text.contains("rank 1 called an all-reduce (sum) of 4 Double"))
  }

  @Test func `a message of another count ends both ranks`() throws {
    #expect(throws: CollectiveError.wrongMessageCount(found: 3, expected: 4, source: 1, tag: 2)) {
      try ThreadCommunicator.run(size: 2) { communicator in
        var values = [Double](repeating: 0, count: communicator.rank == 0 ? 4 : 3)
        if communicator.rank == 0 {
          try communicator.receive(&values, from: 1, tag: 2)
        } else {
          try communicator.send(values, to: 0, tag: 2)
        }
      }
    }
  }

  @Test func `a message that nobody sends any more is an error`() throws {
    #expect(throws: CollectiveError.rankLeft(rank: 1, call: "a message of 1 Float from rank 1 to 0")) {
      try ThreadCommunicator.run(size: 2) { communicator in
        var values: [Float] = [0]
        if communicator.rank == 0 { try communicator.receive(&values, from: 1) }
      }
    }
  }

  @Test func `a failure in a part of the group releases the whole`() throws {
    #expect(throws: ConformanceFailure(description: "on purpose")) {
      try ThreadCommunicator.run(size: 3) { communicator in
        let part = try communicator.split(color: communicator.rank / 2, key: 0)
        if communicator.rank == 1 { throw ConformanceFailure(description: "on purpose") }
        try part?.barrier()
        try communicator.barrier()
      }
    }
  }
}
