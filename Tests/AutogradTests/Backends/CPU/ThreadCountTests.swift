import Autograd
import Testing

/// The same bits, however many threads share the loops of an operation.
struct ThreadCountTests {
  /// Batches smaller than the number of threads, odd sizes, bands and groups; those of the fixtures are smaller still.
  private static let shapes: [PlainConvolution] =
    ConvolutionTests.shapes + [
      PlainConvolution(images: 1, channels: 16, filters: 33, size: (19, 17), padding: (1, 1)),
      PlainConvolution(images: 7, channels: 17, filters: 32, size: (13, 15), padding: (1, 1)),
      PlainConvolution(images: 33, channels: 2, filters: 16, size: (12, 11), kernel: (2, 2), stride: (2, 2)),
      PlainConvolution(images: 2, channels: 16, filters: 8, size: (60, 120), padding: (1, 1)),
      PlainConvolution(images: 5, channels: 3, filters: 5, size: (30, 31), padding: (1, 1)),
      PlainConvolution(images: 4, channels: 40, filters: 44, size: (24, 24), kernel: (1, 1)),
    ]

  private static func values(_ shape: [Int], _ dtype: DataType, seed: Int) -> Tensor {
    Tensor.randn(shape, dtype: dtype, generator: RandomGenerator(seed: UInt64(seed)))
  }

  /// The outputs of a convolution, by itself and with pooling, and the gradients of its input, weight and bias.
  private static func bits(_ shape: PlainConvolution, _ dtype: DataType, threads: Int) throws -> [[UInt64]] {
    let leaves = [shape.inputShape, shape.weightShape, [shape.filters]].enumerated().map {
      values($1, dtype, seed: $0)
    }
    leaves.forEach { $0.requiresGrad = true }
    return try LoopThreads.using(threads: threads) {
      var results: [Tensor] = []
      for pools in [false, true] where !pools || shape.outputShape[2...].allSatisfy({ $0 > 1 }) {
        leaves.forEach { $0.grad = nil }
        let (x, weight, bias) = (leaves[0], leaves[1], leaves[2])
        let result = pools ? shape.pooled(x, weight, bias) : shape(x, weight, bias)
        let gradient = values(result.shape, dtype, seed: 9)
        // Twice, the second time with the weight's gradient added to the first one.
        for _ in 0..<2 { try result.backward(gradient: gradient, retainGraph: true) }
        results += [result] + leaves.compactMap(\.grad)
      }
      return results.map { $0.array(of: Double.self).map(\.bitPattern) }
    }
  }

  @Test(arguments: shapes.indices)
  func `convolutions and their gradients`(index: Int) throws {
    let shape = Self.shapes[index]
    for dtype in [DataType.float32, .float64] {
      for generic in [false, true] {
        try Kernels.choosing(generic: generic) {
          let expected = try Self.bits(shape, dtype, threads: 1)
          for threads in [2, 3] {
            #expect(
              try Self.bits(shape, dtype, threads: threads) == expected,
              "\(shape) in \(dtype), \(threads) threads, \(generic ? "generic" : "fast") kernels")
          }
        }
      }
    }
  }

  /// Threads that share out a loop compute as the one that asks them to, also where two of those do at the same time.
  @Test func `convolutions of threads that share their loops at the same time`() async throws {
    let choices = [(16, ProductPrecision.float32), (32, .bfloat16), (64, .bfloat16), (64, .float32)]
    func bits(_ choice: Int, threads: Int) throws -> [[UInt64]] {
      try withProductPrecision(choices[choice].1) {
        try Kernels.limitingVectors(to: choices[choice].0) {
          try [1, 6, Self.shapes.count - 1].flatMap { try Self.bits(Self.shapes[$0], .float32, threads: threads) }
        }
      }
    }
    let expected = try choices.indices.map { try bits($0, threads: 1) }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for i in 0..<8 {
        group.addTask { try bits(i % choices.count, threads: 2 + i % 2) == expected[i % choices.count] }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
    #expect(expected[0] != expected[1])
  }

  @Test func `products by the kernels that say so`() {
    for kernel in [MatrixKernel.inPlace, .packed, .avx2, .bfloat16].compactMap({ $0 }) {
      for (rows, columns, inner) in [(70, 200, 33), (200, 70, 300), (16, 31, 5)] {
        let (a, b) = (Self.values([rows * inner], .float32, seed: 1), Self.values([inner * columns], .float32, seed: 2))
        let products = [1, 2, 3].map { threads in
          var result = [Float](repeating: 0, count: rows * columns)
          LoopThreads.using(threads: threads) {
            kernel.multiply(
              MatrixProduct(rows: rows, columns: columns, inner: inner), a.array(), b.array(), &result,
              adding: .nothing)
          }
          return result.map(\.bitPattern)
        }
        #expect(products[1] == products[0] && products[2] == products[0], "\(rows) × \(columns) × \(inner)")
      }
    }
  }

  @Test func `elements and pooling`() throws {
    let operations: [(Tensor) -> Tensor] = [
      { $0.exp() }, { $0.gelu() }, { $0 + $0 }, { $0 * 3 }, { 2 / $0 },
      { $0 + $0.sum([2, 3], keepingDimensions: true) },
      { $0.maxPool2d((2, 2)) }, { $0.maxPool2d((3, 2), stride: (1, 2)) }, { $0.averagePool2d((2, 2)) },
      { $0.sampled(at: Self.values([3, 4, 6, 2], $0.dtype, seed: 8)) },
    ]
    for (index, operation) in operations.enumerated() {
      for dtype in [DataType.float32, .float64] {
        let results = try [1, 2, 3].map { threads in
          try LoopThreads.using(threads: threads) {
            let x = Self.values([3, 5, 9, 7], dtype, seed: 4)
            x.requiresGrad = true
            let y = operation(x)
            try y.backward(gradient: Self.values(y.shape, dtype, seed: 5))
            return [y.array(of: Double.self), try #require(x.grad).array()]
          }
        }
        #expect(results[1] == results[0] && results[2] == results[0], "operation \(index) in \(dtype)")
      }
    }
  }

  @Test func `steps of optimizers`() {
    let optimizers: [([Tensor]) -> any Optimizer] = [
      { SGD($0, .init(learningRate: 0.01, momentum: 0.9, weightDecay: 0.1)) }, { Adam($0, .init(learningRate: 0.01)) },
      { RMSprop($0, .init(momentum: 0.5)) }, { Adagrad($0, .init(initialState: 0.1)) },
      { NAdam($0, .init(learningRate: 0.01)) },
    ]
    for (index, make) in optimizers.enumerated() {
      for dtype in [DataType.float32, .float64] {
        let weights = [1, 2, 3].map { threads in
          LoopThreads.using(threads: threads) {
            let weight = Self.values([1003], dtype, seed: 6)
            let optimizer = make([weight])
            for step in 0..<3 {
              weight.grad = Self.values([1003], dtype, seed: 7 + step)
              optimizer.step()
            }
            return weight.array(of: Double.self)
          }
        }
        #expect(weights[1] == weights[0] && weights[2] == weights[0], "optimizer \(index) in \(dtype)")
      }
    }
  }
}
