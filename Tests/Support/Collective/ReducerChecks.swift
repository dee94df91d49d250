import Collective

extension CollectiveConformance {
  static let reducerChecks: [Check] = [
    Check(name: "reducer: gradients ready in order") { communicator in
      try reduce(communicator, ready: { _ in Array(0..<parameterCounts.count) })
    },
    Check(name: "reducer: gradients ready in another order on every rank") { communicator in
      try reduce(
        communicator,
        ready: { rank in
          let all = Array(0..<parameterCounts.count).reversed()
          return Array(all.dropFirst(rank % 3)) + Array(all.prefix(rank % 3))
        })
    },
    Check(name: "reducer: parameters that are never ready on some ranks") { communicator in
      try reduce(communicator, ready: { rank in [0, 2, 3, 5].filter { ($0 + rank) % 2 == 0 } })
    },
    Check(name: "reducer: nothing is ready") { communicator in
      try reduce(communicator, ready: { _ in [] })
    },
    Check(name: "reducer: no parameters, only the tail") { communicator in
      let plan = BucketPlan(parameters: [], tailCount: 2, bytesPerElement: 8)
      var arena: [Double] = [1, Double(communicator.rank)]
      try arena.withUnsafeMutableBufferPointer { arena in
        let reducer = GradientReducer(communicator: communicator, arena: arena, plan: plan)
        reducer.begin()
        try reducer.finish()
      }
      let size = communicator.size
      try requireEqual(arena, [Double(size), Double(size * (size - 1) / 2)], "the tail alone")
    },
    Check(name: "reducer: logical shards are added along one binary tree") { communicator in
      guard communicator.size.nonzeroBitCount == 1 else { return }
      for total in [communicator.size, 4 * communicator.size] {
        try reduceShards(communicator, total: total, inMadeBuffer: false)
        try reduceShards(communicator, total: total, inMadeBuffer: true)
      }
    },
    Check(name: "reducer: sums have the same bits however gradients are cut, unless it says that they may not") {
      communicator in
      try requireSameBitsOfAllPlans(communicator) {
        GradientReducer(communicator: communicator, arena: $0, plan: $1)
      }
      try requireSameBitsOfAllPlans(communicator) {
        GradientReducer(communicator: try HalfPrecisionCommunicator(communicator, .bfloat16), arena: $0, plan: $1)
      }
      try requireSameBitsOfAllPlans(communicator) {
        GradientReducer(
          communicator: communicator, arena: $0, plan: $1, shapes: [[20, 35], [100], [33, 67]], powerSGDRank: 2)
      }
      guard communicator.size.nonzeroBitCount == 1 else { return }
      try requireSameBitsOfAllPlans(communicator) {
        GradientReducer(communicator: communicator, arena: $0, plan: $1, shards: 1)
      }
    },
    Check(name: "reducer: every rank gets the same bits") { communicator in
      let count = 50_000
      let parameters = stride(from: 0, to: count, by: 5000).map { $0..<$0 + 5000 }
      let plan = BucketPlan(parameters: parameters, bytesPerElement: 4, sizes: BucketSizes(first: 8, others: 40_000))
      var arena = (0..<count).map { Float.random(in: -1...1, seed: UInt64(communicator.rank * count + $0)) }
      try arena.withUnsafeMutableBufferPointer { arena in
        let reducer = GradientReducer(communicator: communicator, arena: arena, plan: plan)
        reducer.begin()
        for index in parameters.indices {
          try reducer.parameterReady(index)
          try reducer.progress()
        }
        try reducer.finish()
      }
      try requireSameBits(arena, communicator)
    },
  ]

  /// Reduces steps by three plans in turn, and the same steps by one plan, and compares all bits.
  private static func requireSameBitsOfAllPlans(
    _ communicator: any Communicator,
    _ makeReducer: (UnsafeMutableBufferPointer<Float>, BucketPlan) throws -> GradientReducer<Float>
  ) throws {
    let parameters = [0..<700, 700..<800, 800..<3011]
    let plans = [(8, 8), (8, 1 << 20), (1 << 20, 1 << 20)].map { first, others in
      BucketPlan(
        parameters: parameters, tailCount: 2, bytesPerElement: 4, sizes: BucketSizes(first: first, others: others))
    }
    try require(Set(plans.map(\.buckets.count)) == [1, 2, 3], "three ways to cut")
    let count = plans[0].elementCount
    func sums(_ plans: [BucketPlan]) throws -> (all: [[Float]], dependOnPlan: Bool) {
      let made = try communicator.makeBuffer(byteCount: count * MemoryLayout<Float>.stride)
      return try made.withElements(of: Float.self) { arena in
        let reducer = try makeReducer(arena, plans[0])
        let all = try (0..<6).map { step in
          reducer.use(plans[step % plans.count], scattersSums: false)
          let seed = (step * communicator.size + communicator.rank) * count
          _ = arena.update(fromContentsOf: (0..<count).map { .random(in: -1...1, seed: UInt64(seed + $0)) })
          reducer.begin()
          for index in parameters.indices {
            try reducer.parameterReady(index)
            try reducer.progress()
          }
          try reducer.finish()
          return Array(arena)
        }
        return (all, reducer.sumsDependOnPlan)
      }
    }
    let (found, dependOnPlan) = try sums(plans)
    for plan in plans {
      let expected = try sums([plan]).all
      for step in found.indices {
        let difference = zip(found[step], expected[step]).map { abs($0 - $1) }.max() ?? 0
        let tolerance: Float = dependOnPlan ? 0.01 : 0
        try require(difference <= tolerance, "\(plan.buckets.count) buckets, step \(step): off by \(difference)")
      }
    }
  }

  /// Reduces two steps of logical shards, of which the last parameter is never ready, and compares the bits.
  private static func reduceShards(_ communicator: any Communicator, total: Int, inMadeBuffer: Bool) throws {
    let own = total / communicator.size
    let plan = BucketPlan(
      parameters: [0..<700, 700..<800, 800..<3001], tailCount: 1, bytesPerElement: 4,
      sizes: BucketSizes(first: 8, others: 1000))
    func gradients(_ shard: Int, _ step: Int) -> [Float] {
      (0..<plan.elementCount).map { Float.random(in: -1...1, seed: UInt64((step * total + shard) * 100_000 + $0)) }
    }
    let memory: any Communicator = inMadeBuffer ? communicator : LocalCommunicator()
    let made = try memory.makeBuffer(byteCount: plan.elementCount * MemoryLayout<Float>.stride)
    try made.withElements(of: Float.self) { arena in
      let reducer = GradientReducer(communicator: communicator, arena: arena, plan: plan, shards: own)
      for step in 0..<2 {
        reducer.begin()
        for shard in 0..<own {
          _ = arena.update(fromContentsOf: gradients(communicator.rank * own + shard, step))
          if shard < own - 1 { reducer.keepShard() }
        }
        for index in [1, 0] { try reducer.parameterReady(index) }
        try reducer.finish()
        var sums = (0..<total).map { gradients($0, step) }
        while sums.count > 1 {
          sums = stride(from: 0, to: sums.count, by: 2).map { pair in zip(sums[pair], sums[pair + 1]).map { $0 + $1 } }
        }
        try requireEqual(Array(arena), sums[0], "\(total) shards, step \(step)")
      }
    }
  }

  private static let parameterCounts = [10, 1, 300, 0, 57, 4000, 3]

  /// Reduces three steps in a row with small buckets; `ready` gives the parameters that become ready on a rank, in
  /// their order. The last two elements of the arena are a tail.
  private static func reduce(_ communicator: any Communicator, ready: (Int) -> [Int]) throws {
    try reduce(communicator, inMadeBuffer: false, ready: ready)
    try reduce(communicator, inMadeBuffer: true, ready: ready)
  }

  private static func reduce(
    _ communicator: any Communicator, inMadeBuffer: Bool, ready: (Int) -> [Int]
  ) throws {
    var start = 0
    let parameters = parameterCounts.map { count in
      defer { start += count }
      return start..<start + count
    }
    let plan = BucketPlan(
      parameters: parameters, tailCount: 2, bytesPerElement: 4, sizes: BucketSizes(first: 40, others: 1000))
    try require(plan.buckets.count == 4, "\(plan.buckets.count) buckets")
    let readyParameters = (0..<communicator.size).map(ready)
    let memory: any Communicator = inMadeBuffer ? communicator : LocalCommunicator()
    let made = try memory.makeBuffer(byteCount: plan.elementCount * MemoryLayout<Float>.stride)
    try made.withElements(of: Float.self) { arena in
      let reducer = GradientReducer(communicator: communicator, arena: arena, plan: plan)
      for step in 0..<3 {
        func gradients(of rank: Int) -> [Float] {
          let isReady = Set(readyParameters[rank])
          return parameters.enumerated().flatMap { index, range in
            range.map { isReady.contains(index) ? Float(value(rank, $0) + step) : 0 }
          } + [Float(10 + rank), Float(step)]
        }
        _ = arena.update(fromContentsOf: gradients(of: communicator.rank))
        reducer.begin()
        for index in ready(communicator.rank) {
          try reducer.parameterReady(index)
          try reducer.progress()
        }
        let seconds = try reducer.finish()
        try require(seconds >= 0, "\(seconds) seconds of waiting")
        let all = (0..<communicator.size).map(gradients(of:))
        let sums = arena.indices.map { index in all.reduce(0) { $0 + $1[index] } }
        try requireEqual(Array(arena), sums, "step \(step)")
      }
    }
  }
}
