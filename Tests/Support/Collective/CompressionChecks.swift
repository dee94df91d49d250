import Collective

extension CollectiveConformance {
  static let compressionChecks: [Check] = [
    Check(name: "16-bit sums are those of rounded numbers, in the order of the ranks") { communicator in
      for format in HalfPrecision.allCases {
        let halves = try communicator.forCompression(format)
        for count in [64, 10_003] {
          func numbers(_ rank: Int) -> [Float] {
            (0..<count).map { Float.random(in: -3...3, seed: UInt64(rank * count + $0)) }
          }
          var sums = numbers(communicator.rank)
          try halves.allReduce(&sums, .sum)
          let all = (0..<communicator.size).map { numbers($0).map(format.rounded) }
          let expected = (0..<count).map { index in
            format.rounded(all.dropFirst().reduce(all[0][index]) { $0 + $1[index] })
          }
          try requireEqual(sums, communicator.size == 1 ? numbers(0) : expected, "\(format) sums of \(count)")
        }
      }
    },
    Check(name: "16-bit sums do not depend on how gradients are cut") { communicator in
      let halves = try communicator.forCompression(.bfloat16)
      let numbers = (0..<5000).map { Float.random(in: -1...1, seed: UInt64(communicator.rank * 5000 + $0)) }
      var whole = numbers
      try halves.allReduce(&whole, .sum)
      var parts = numbers
      try parts.withUnsafeMutableBufferPointer { parts in
        let operations = try [0..<100, 100..<1777, 1777..<5000].map {
          try halves.startAllReduce(UnsafeMutableBufferPointer(rebasing: parts[$0]), .sum)
        }
        for operation in operations.reversed() {
          while !(try operation.test()) {}
          try operation.wait()
        }
      }
      try requireEqual(parts, whole, "sums of parts")
    },
    Check(name: "what is not a long sum of floats keeps its bits") { communicator in
      let halves = try communicator.forCompression(.float16)
      let size = communicator.size
      var few: [Float] = [1 + 0x1p-20]
      try halves.allReduce(&few, .sum)
      try requireEqual(few, [Float(size) * (1 + 0x1p-20)], "a sum of one")
      var doubles = [Double](repeating: 1 + 0x1p-40, count: 1000)
      try halves.allReduce(&doubles, .sum)
      try requireEqual(doubles, Array(repeating: Double(size) * (1 + 0x1p-40), count: 1000), "a sum of doubles")
      var largest = [Float](repeating: 1 + 0x1p-20, count: 1000)
      try halves.allReduce(&largest, .maximum)
      try requireEqual(largest, Array(repeating: 1 + 0x1p-20, count: 1000), "a maximum")
    },
    Check(name: "reducer: in 16 bits, with the tail as it is") { communicator in
      let halves = try communicator.forCompression(.bfloat16)
      // A tail as long as gradients that are rounded.
      let tail = (0..<2 * HalfPrecisionCommunicator.minimumCount).map { Float(257 * $0) }
      var arena = [Float](repeating: 1.25, count: 500) + tail
      let plan = BucketPlan(
        parameters: [0..<100, 100..<500], tailCount: tail.count, bytesPerElement: 4,
        sizes: BucketSizes(first: 8, others: 25 << 20))
      try reduceOnce(&arena) { GradientReducer(communicator: halves, arena: $0, plan: plan) }
      let size = Float(communicator.size)
      try requireEqual(arena, Array(repeating: 1.25 * size, count: 500) + tail.map { $0 * size }, "sums")
    },
    Check(name: "reducer: sums that are scattered") { communicator in
      let parameters = [0..<10, 10..<11, 11..<500, 500..<500, 500..<20_000]
      let plan = BucketPlan(
        parameters: parameters, tailCount: 2, bytesPerElement: 4, sizes: BucketSizes(first: 8, others: 1000))
      try communicator.makeBuffer(byteCount: plan.elementCount * 4).withElements(of: Float.self) { arena in
        let reducer = GradientReducer(communicator: communicator, arena: arena, plan: plan, scattersSums: true)
        for step in 0..<3 {
          _ = arena.update(fromContentsOf: arena.indices.map { Float(value(communicator.rank, $0) + step) })
          reducer.begin()
          for index in parameters.indices where index != 2 { try reducer.parameterReady(index) }
          try reducer.progress()
          try reducer.finish()
          for range in plan.parts(of: communicator.rank, among: communicator.size) + [plan.tail] {
            let sums = range.map { index in
              Float((0..<communicator.size).reduce(0) { $0 + value($1, index) + step })
            }
            try requireEqual(Array(arena[range]), sums, "step \(step), elements \(range)")
          }
        }
      }
    },
    Check(name: "PowerSGD sums matrices of its rank as they are") { communicator in
      let (rows, columns) = (40, 60)
      let left = (0..<rows).map { Float.random(in: -1...1, seed: UInt64($0)) }
      let right = (0..<columns).map { Float.random(in: -1...1, seed: UInt64(1000 + $0)) }
      func gradients(_ rank: Int) -> [Float] {
        left.flatMap { row in right.map { row * $0 * Float(rank + 1) } } + [1, Float(rank), 3]
      }
      let parameters = [0..<rows * columns, rows * columns..<rows * columns + 3]
      let plan = BucketPlan(parameters: parameters, tailCount: 1, bytesPerElement: 4)
      var arena = gradients(communicator.rank) + [7]
      try reduceOnce(&arena) {
        GradientReducer(
          communicator: communicator, arena: $0, plan: plan, shapes: [[rows, columns], [3]], powerSGDRank: 1)
      }
      let all = (0..<communicator.size).map { gradients($0) + [7] }
      for index in arena.indices {
        let sum = all.reduce(0) { $0 + $1[index] }
        let tolerance: Float = index < rows * columns ? 1e-5 * Float(communicator.size * communicator.size) : 0
        try require(abs(arena[index] - sum) <= tolerance, "element \(index) is \(arena[index]), expected \(sum)")
      }
      try requireSameBits(arena, communicator)
    },
    Check(name: "PowerSGD makes up for what it left out") { communicator in
      guard communicator.size > 1 else { return }
      let shapes = [[24, 5, 6], [7], [50, 16]]
      let counts = shapes.map { $0.reduce(1, *) }
      var end = 0
      let parameters = counts.map { count in
        defer { end += count }
        return end..<end + count
      }
      let plan = BucketPlan(
        parameters: parameters, tailCount: 1, bytesPerElement: 4, sizes: BucketSizes(first: 8, others: 8))
      let gradients = (0..<end + 1).map { Float.random(in: -1...1, seed: UInt64(communicator.rank * end + $0)) }
      var exact = gradients
      try communicator.allReduce(&exact, .sum)
      var total = [Double](repeating: 0, count: end + 1)
      var errors: [Double] = []
      let arena = UnsafeMutableBufferPointer<Float>.allocate(capacity: end + 1)
      defer { arena.deallocate() }
      _ = arena.initialize(fromContentsOf: gradients)
      let reducer = GradientReducer(
        communicator: communicator, arena: arena, plan: plan, shapes: shapes, powerSGDRank: 2)
      for step in 1...100 {
        _ = arena.update(fromContentsOf: gradients)
        reducer.begin()
        for index in parameters.indices { try reducer.parameterReady(index) }
        try reducer.progress()
        try reducer.finish()
        if step % 25 == 0 { try requireSameBits(Array(arena), communicator) }
        for index in total.indices { total[index] += Double(arena[index]) }
        let distance = zip(total, exact).reduce(0) {
          $0 + ($1.0 / Double(step) - Double($1.1)) * ($1.0 / Double(step) - Double($1.1))
        }
        errors.append(distance.squareRoot())
      }
      try require(errors[0] > 1, "one step of rank 2 leaves something out, found \(errors[0])")
      try require(
        errors[99] < errors[0] / 3, "the mean of 100 steps is off by \(errors[99]), that of one by \(errors[0])")
    },
    Check(name: "PowerSGD finds its way again after gradients of zero, or too large and forgotten") { communicator in
      let plan = BucketPlan(parameters: [0..<900], bytesPerElement: 4)
      let arena = UnsafeMutableBufferPointer<Float>.allocate(capacity: 900)
      defer { arena.deallocate() }
      arena.initialize(repeating: 0)
      for isTooLarge in [false, true] {
        let reducer = GradientReducer(
          communicator: communicator, arena: arena, plan: plan, shapes: [[30, 30]], powerSGDRank: 2)
        func sum(of gradient: Float, but others: (Float, Float)? = nil) throws {
          arena.update(repeating: gradient)
          if let others { (arena[0], arena[31]) = others }
          reducer.begin()
          try reducer.parameterReady(0)
          try reducer.finish()
        }
        // The first of the factors' columns is infinite in the second step, and the other is not.
        for _ in 0..<3 { try sum(of: 0, but: isTooLarge ? (1e20, 1) : nil) }
        let isFinite = !isTooLarge || communicator.size == 1
        try require(arena.allSatisfy(\.isFinite) == isFinite, "all sums are finite: \(isFinite) was expected")
        if isTooLarge { reducer.forget() }
        for _ in 0..<3 { try sum(of: 1) }
        let size = Float(communicator.size)
        try require(arena.allSatisfy { abs($0 - size) < 1e-4 * size }, "a sum is not \(size): \(arena[0])")
      }
    },
  ]

  private static func reduceOnce(
    _ arena: inout [Float], _ makeReducer: (UnsafeMutableBufferPointer<Float>) -> GradientReducer<Float>
  ) throws {
    try arena.withUnsafeMutableBufferPointer { arena in
      let reducer = makeReducer(arena)
      reducer.begin()
      for index in 0..<reducer.plan.parameterCount { try reducer.parameterReady(index) }
      try reducer.finish()
    }
  }
}

extension Communicator {
  /// This group with sums in 16 bits, in shared memory too.
  fileprivate func forCompression(_ format: HalfPrecision) throws -> any Communicator {
    try HalfPrecisionCommunicator(self, format)
  }
}

extension HalfPrecision {
  /// The nearest number of the format, ties to even, by another way than the library's.
  fileprivate func rounded(_ value: Float) -> Float {
    switch self {
    case .float16: return Float(Float16(value))
    case .bfloat16:
      let spacing = Float(sign: .plus, exponent: max(value.exponent, -126) - 7, significand: 1)
      return value == 0 ? value : (value / spacing).rounded(.toNearestOrEven) * spacing
    }
  }
}
