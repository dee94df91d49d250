import Collective
import Testing

@Suite struct GradientReducerTests {
  @Test func `one rank alone leaves its gradients as they are`() throws {
    var arena: [Float] = [1, 2, 3]
    try arena.withUnsafeMutableBufferPointer { arena in
      let reducer = Self.reducer(arena)
      reducer.begin()
      try reducer.parameterReady(1)
      try reducer.finish()
    }
    #expect(arena == [1, 2, 3])
  }

  @Test func `calls in the wrong order trap`() async {
    await #expect(processExitsWith: .failure) {
      Self.withReducer { reducer in
        reducer.begin()
        reducer.begin()
      }
    }
    await #expect(processExitsWith: .failure) {
      try Self.withReducer { try $0.parameterReady(0) }
    }
    await #expect(processExitsWith: .failure) {
      try Self.withReducer { try $0.progress() }
    }
    await #expect(processExitsWith: .failure) {
      try Self.withReducer { _ = try $0.finish() }
    }
  }

  @Test func `a parameter that is ready twice or does not exist traps`() async {
    await #expect(processExitsWith: .failure) {
      try Self.withReducer { reducer in
        reducer.begin()
        try reducer.parameterReady(1)
        try reducer.parameterReady(1)
      }
    }
    await #expect(processExitsWith: .failure) {
      try Self.withReducer { reducer in
        reducer.begin()
        try reducer.parameterReady(2)
      }
    }
  }

  @Test func `an arena of another size traps`() async {
    await #expect(processExitsWith: .failure) {
      let plan = BucketPlan(parameters: [0..<3], bytesPerElement: 4)
      var arena: [Float] = [1, 2]
      arena.withUnsafeMutableBufferPointer {
        _ = GradientReducer(communicator: LocalCommunicator(), arena: $0, plan: plan)
      }
    }
  }

  /// Threads that add one rank after the other.
  private final class SequentialThreads: WrappedThreads {
    override func startAllReduce<Element: ReducibleElement>(
      _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
    ) throws -> any PendingOperation {
      var all = [Element](repeating: 0, count: size * buffer.count)
      try all.withUnsafeMutableBufferPointer { try allGather(UnsafeBufferPointer(buffer), into: $0) }
      for index in buffer.indices {
        buffer[index] = stride(from: index, to: all.count, by: buffer.count).reduce(0) { $0 + all[$1] }
      }
      return try startBarrier()
    }
  }

  @Test func `logical shards are added along the tree where an all-reduce adds otherwise`() throws {
    let gradients: [Float] = [1e8, 1, -1e8, 1]
    let sums = try ThreadCommunicator.run(size: 4) { threads in
      try [nil, 1].map { shards in
        let plan = BucketPlan(parameters: [0..<3], bytesPerElement: 4)
        var arena = [Float](repeating: gradients[threads.rank], count: 3)
        try arena.withUnsafeMutableBufferPointer {
          let reducer = GradientReducer(communicator: SequentialThreads(threads), arena: $0, plan: plan, shards: shards)
          reducer.begin()
          try reducer.parameterReady(0)
          try reducer.finish()
        }
        return arena
      }
    }
    #expect(sums.allSatisfy { $0 == [[1, 1, 1], [0, 0, 0]] }, "\(sums)")
  }

  private static func reducer(_ arena: UnsafeMutableBufferPointer<Float>) -> GradientReducer<Float> {
    let plan = BucketPlan(parameters: [0..<1, 1..<3], bytesPerElement: 4)
    return GradientReducer(communicator: LocalCommunicator(), arena: arena, plan: plan)
  }

  private static func withReducer(_ body: (GradientReducer<Float>) throws -> Void) rethrows {
    var arena: [Float] = [1, 2, 3]
    try arena.withUnsafeMutableBufferPointer { try body(reducer($0)) }
  }
}
