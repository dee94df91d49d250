import Collective
import Foundation
import Testing
import TestSupport

/// The shared window between ranks that are threads; `MPITests` has it between processes.
@Suite struct SharedCommunicatorTests {
  @Test(arguments: [false, true])
  func `floats are summed in the order of the ranks`(_ inWindow: Bool) throws {
    let count = 5000
    let contributions: [Float] = [1e8, 1, -1e8]
    let expected = [Float](repeating: contributions[0] + contributions[1] + contributions[2], count: count)
    for _ in 0..<5 {
      let results = try ThreadCommunicator.run(size: 3) { threads in
        let communicator = try SharedCommunicator(threads)
        let memory: any Communicator = inWindow ? communicator : LocalCommunicator()
        let made = try memory.makeBuffer(byteCount: count * MemoryLayout<Float>.stride)
        return try made.withElements(of: Float.self) { buffer in
          buffer.update(repeating: contributions[communicator.rank])
          try communicator.allReduce(buffer, .sum)
          return Array(buffer)
        }
      }
      #expect(results == [expected, expected, expected])
    }
  }

  @Test func `the algorithm is named`() throws {
    _ = try ThreadCommunicator.run(size: 2) { threads in
      let communicator = try SharedCommunicator(threads)
      let names = try communicator.makeBuffer(byteCount: 1 << 20).withElements(of: Float.self) { made in
        [
          communicator.allReduceAlgorithm(for: UnsafeMutableBufferPointer(rebasing: made[..<10])),
          communicator.allReduceAlgorithm(for: made),
          try LocalCommunicator().makeBuffer(byteCount: 1 << 20).withElements(of: Float.self) {
            communicator.allReduceAlgorithm(for: $0)
          },
        ]
      }
      #expect(names == ["shared window, one phase", "shared window, in place", "shared window, copied"])
    }
  }

  @Test func `the algorithm between nodes is named, by the smallest node`() throws {
    let names = try ThreadCommunicator.run(ranksPerNode: [3, 2]) { threads in
      let communicator = try SharedCommunicator(threads)
      return try communicator.makeBuffer(byteCount: 1 << 20).withElements(of: Float.self) { made in
        [
          communicator.allReduceAlgorithm(for: UnsafeMutableBufferPointer(rebasing: made[..<10])),
          communicator.allReduceAlgorithm(for: made),
        ]
      }
    }
    #expect(
      names[4] == [
        "shared window, in place; messages between nodes by 1 rank(s) each",
        "shared window, in place; messages between nodes by 2 rank(s) each",
      ])
    #expect(Set(names).count == 1)
  }

  @Test(arguments: [[2, 2], [1, 3], [2, 1, 1]])
  func `sums over nodes have the same bits on all ranks and in every run`(_ ranksPerNode: [Int]) throws {
    func sums() throws -> [[UInt32]] {
      try ThreadCommunicator.run(ranksPerNode: ranksPerNode) { threads in
        let communicator = try SharedCommunicator(threads)
        return try communicator.makeBuffer(byteCount: 4 * 50_000).withElements(of: Float.self) { buffer in
          for index in buffer.indices { buffer[index] = 1 / Float(1 + index * (communicator.rank + 1)) }
          try communicator.allReduce(buffer, .sum)
          return buffer.map(\.bitPattern)
        }
      }
    }
    let first = try sums()
    #expect(Set(first).count == 1)
    for _ in 0..<3 { #expect(try sums() == first) }
  }

  @Test func `memory that is refused on one node is refused on all`() throws {
    #expect(throws: SharedMemoryRefusal("on purpose")) {
      try ThreadCommunicator.run(ranksPerNode: [2, 2]) { threads in
        _ = try SharedCommunicator(RefusingProvider(threads, afterAllowing: threads.rank < 2 ? 1 : 0))
      }
    }
  }

  /// Rank 0 gives what rank 1 has waited for, and ends, between two looks of rank 1: at the window, and at who lives.
  @Test func `what a rank has done before it ended counts`() throws {
    let isLookedAt = DispatchSemaphore(value: 0)
    let received = try ThreadCommunicator.run(ranksPerNode: [2]) { threads in
      let node = SlowToLook(threads, isLookedAt)
      let communicator = try SharedCommunicator(node)
      if communicator.rank == 0 { isLookedAt.wait() } else { node.isArmed = true }
      var values = [Int64](repeating: communicator.rank == 0 ? 7 : 0, count: 3)
      try values.withUnsafeMutableBufferPointer { try communicator.broadcast($0, from: 0) }
      return values
    }
    #expect(received == [[7, 7, 7], [7, 7, 7]])
  }

  /// A rank that, once it looks whether another has ended, lets that go on to its end first.
  private final class SlowToLook: WrappedThreads {
    private let isLookedAt: DispatchSemaphore
    var isArmed = false

    init(_ base: ThreadCommunicator, _ isLookedAt: DispatchSemaphore) {
      self.isLookedAt = isLookedAt
      super.init(base)
    }

    override func nodeGroup() throws -> any SharedMemoryProvider { self }

    override func hasEnded(_ rank: Int) -> Bool {
      guard isArmed else { return super.hasEnded(rank) }
      isLookedAt.signal()
      while !super.hasEnded(rank) { usleep(100) }
      return true
    }
  }

  /// The sums of gradients that lie in the window, in calls of so many elements.
  private func sums(of count: Int, in calls: [Int], _ ranksPerNode: [Int]) throws -> [[UInt32]] {
    try ThreadCommunicator.run(ranksPerNode: ranksPerNode) { threads in
      let communicator = try SharedCommunicator(threads)
      return try communicator.makeBuffer(byteCount: 4 * count).withElements(of: Float.self) { buffer in
        for index in buffer.indices { buffer[index] = 1 / Float(1 + index * (communicator.rank + 1)) }
        var start = 0
        for length in calls {
          try communicator.allReduce(UnsafeMutableBufferPointer(rebasing: buffer[start..<start + length]), .sum)
          start += length
        }
        return buffer.map(\.bitPattern)
      }
    }
  }

  /// A part of the longest call is more segments than are under way at once.
  @Test(arguments: [[1, 1], [1, 1, 1], [2, 2], [1, 3], [2, 1, 1]])
  func `sums over nodes do not depend on the cut into calls`(_ ranksPerNode: [Int]) throws {
    let count = 900_001
    let whole = try sums(of: count, in: [count], ranksPerNode)
    #expect(Set(whole).count == 1)
    #expect(try sums(of: count, in: [1, 0, 999, 70_000, 29_000, 800_001], ranksPerNode) == whole)
  }

  @Test(arguments: [
    ([1, 1, 1, 1], true), ([2, 2], true), ([4], true), ([1, 1, 1], true), ([1, 3], false), ([3, 3], false),
  ])
  func `nodes of one power of two of ranks add along one tree`(_ ranksPerNode: [Int], _ areBranches: Bool) throws {
    let follows = try ThreadCommunicator.run(ranksPerNode: ranksPerNode) {
      try SharedCommunicator($0).sumsAlongBinaryTree
    }
    #expect(follows.allSatisfy { $0 == areBranches })
    guard areBranches else { return }
    let size = ranksPerNode.reduce(0, +)
    #expect(try sums(of: 100_000, in: [100_000], ranksPerNode) == sums(of: 100_000, in: [100_000], [size]))
  }

  @Test func `ranks that are alone on their nodes send each other messages`() throws {
    let names = try ThreadCommunicator.run(ranksPerNode: [1, 1]) { threads in
      let communicator = try threads.sharingMemory { Issue.record("\($0)") }
      return try communicator.makeBuffer(byteCount: 1 << 20).withElements(of: Float.self) {
        communicator.allReduceAlgorithm(for: $0)
      }
    }
    #expect(names[0] == "shared window, in place; messages between nodes by 1 rank(s) each")
  }

  @Test func `ranks of different nodes that combine different counts are told so`() throws {
    let error = #expect(throws: CollectiveError.self) {
      try ThreadCommunicator.run(ranksPerNode: [1, 1]) { threads in
        let communicator = try SharedCommunicator(threads)
        var values = [Double](repeating: 0, count: communicator.rank == 0 ? 3 : 4)
        try communicator.allReduce(&values, .minimum)
      }
    }
    // The job of threads fails with what the message itself said.
    #expect(
      error == .wrongMessageCount(found: 24, expected: 32, source: 0, tag: 2)
        || error == .wrongMessageCount(found: 32, expected: 24, source: 1, tag: 2))
  }

  @Test func `ranks that make different calls are told which`() throws {
    let error = #expect(throws: CollectiveError.self) {
      try ThreadCommunicator.run(size: 2) { threads in
        let communicator = try SharedCommunicator(threads)
        var values = [Double](repeating: 0, count: communicator.rank == 0 ? 3 : 4)
        try communicator.allReduce(&values, .minimum)
      }
    }
    #expect(
      error
        == .mismatchedCalls(
          rank: 0, call: "an all-reduce (minimum) of 3 Double", otherRank: 1,
          otherCall: "an all-reduce (minimum) of 4 Double"))
  }

  @Test func `a buffer in the window on one rank only is a different call`() throws {
    let error = #expect(throws: CollectiveError.self) {
      try ThreadCommunicator.run(size: 2) { threads in
        let communicator = try SharedCommunicator(threads)
        let made = try communicator.makeBuffer(byteCount: 1 << 20)
        let other = try LocalCommunicator().makeBuffer(byteCount: 1 << 20)
        let buffer = communicator.rank == 0 ? made : other
        try buffer.withElements(of: Float.self) { try communicator.allReduce($0, .sum) }
      }
    }
    #expect(error?.description.contains("in the shared window while rank 1") == true, "\(String(describing: error))")
  }

  @Test func `after a failure every call throws it, and operations can be dropped`() throws {
    let thrown = CollectedTexts()
    #expect(throws: CollectiveError.self) {
      try ThreadCommunicator.run(size: 2) { threads in
        let communicator = try SharedCommunicator(threads)
        var values = [Float](repeating: 0, count: communicator.rank == 0 ? 3 : 4)
        var first: (any Error)?
        do { try communicator.allReduce(&values, .sum) } catch { first = error }
        do { try communicator.barrier() } catch {
          thrown.append("\(error)")
        }
        if let first { throw first }
      }
    }
    #expect(thrown.texts.count == 2 && Set(thrown.texts).count == 1, "\(thrown.texts)")
  }

  @Test(arguments: 0..<3)
  func `a rank that throws releases the others`(_ failing: Int) throws {
    #expect(throws: ConformanceFailure(description: "on purpose")) {
      try ThreadCommunicator.run(size: 3) { threads in
        let communicator = try SharedCommunicator(threads)
        if communicator.rank == failing { throw ConformanceFailure(description: "on purpose") }
        try communicator.barrier()
      }
    }
  }

  @Test func `a rank that ends early releases the others`() throws {
    #expect(throws: CollectiveError.rankLeft(rank: 1, call: "a barrier")) {
      try ThreadCommunicator.run(size: 2) { threads in
        let communicator = try SharedCommunicator(threads)
        if communicator.rank == 0 { try communicator.barrier() }
      }
    }
  }

  @Test func `a rank that left is not waited for`() throws {
    let left = CollectiveError.rankLeft(rank: 1, call: "an all-reduce (sum) of 3 Float")
    let told = CollectedTexts()
    #expect(throws: left) {
      try ThreadCommunicator.run(size: 3) { threads in
        let communicator = try SharedCommunicator(threads)
        for _ in 0..<5 { try communicator.barrier() }
        guard communicator.rank != 1 else {
          try communicator.finalize()
          // Its thread goes on, as a process does in `MPI_Finalize`, until the others have seen that it left.
          let end = Date().addingTimeInterval(60)
          while told.texts.count < 2 && Date() < end { Thread.sleep(forTimeInterval: 0.001) }
          #expect(told.texts == ["\(left)", "\(left)"])
          return
        }
        var values: [Float] = [1, 2, 3]
        do { try communicator.allReduce(&values, .sum) } catch {
          told.append("\(error)")
          throw error
        }
      }
    }
  }

  @Test func `one rank alone stays as it is`() throws {
    let alone = LocalCommunicator()
    let communicator = try alone.sharingMemory { Issue.record("\($0)") }
    #expect(communicator === alone)
  }

  @Test func `refused memory for a buffer is told once, and the buffer is copied`() throws {
    let notices = CollectedTexts()
    let algorithms = try ThreadCommunicator.run(size: 2) { threads in
      let communicator = try SharedCommunicator(
        RefusingProvider(threads, afterAllowing: 1), notify: { notices.append($0) })
      return try communicator.makeBuffer(byteCount: 1 << 20).withElements(of: Float.self) { buffer in
        buffer.update(repeating: 1)
        try communicator.allReduce(buffer, .sum)
        #expect(buffer.allSatisfy { $0 == 2 })
        return communicator.allReduceAlgorithm(for: buffer)
      }
    }
    #expect(algorithms == ["shared window, copied", "shared window, copied"])
    #expect(notices.texts == ["gradients are copied to be all-reduced: the ranks cannot share memory: on purpose"])
  }
}
