import Autograd
import TestSupport
import Testing

/// Kernels that combine elements of rows and columns, against the processor's.
@Suite struct CUDAReductionTests {
  @Test(arguments: [
    [1, 1, 1], [1, 20_000, 1], [700, 3, 1], [700, 24, 1], [300, 70, 1], [3, 700, 1], [2, 5, 33], [1, 600, 40],
    [3, 0, 4], [0, 3, 2],
  ])
  func sums(shape: [Int]) throws {
    try expectSame("\(shape)", within: 1e-7) { draws in
      let x = draws.normal(shape)
      let whole = draws.integers(-1000..<1000, shape)
      return [x.sum(), x.sum([1]), x.sum([0, 2]), whole.sum([1]), whole.sum(), x.cast(to: .float64).sum([1])]
    }
  }

  @Test(arguments: [0, 1, 31, 33_000, 100_001])
  func sumsOfSquares(count: Int) throws {
    try expectSame("\(count) elements", within: 1e-13) { draws in
      let x = draws.normal([count + 1])
      let part = x[1...].detached()
      return [x.sumOfSquares(), part.sumOfSquares(), x.cast(to: .float64).sumOfSquares()]
    }
  }

  /// Layers whose activation and bias have their gradients in one pass, the second time added to the first.
  @Test(arguments: [1, 40, 700])
  func activationsOfLinearLayers(rows: Int) throws {
    for activation in [{ ReLU() }, { Sigmoid() }, { Tanh() }] as [() -> any Layer] {
      try expectSame("\(rows) rows", within: 1e-6) { draws in
        let linear = Linear(5, 37, generator: RandomGenerator(seed: 1))
        let layer = Sequential(linear, activation()).to(draws.device)
        let x = draws.quarters([rows, 5])
        _ = try gradients(of: layer(x), [x], draws)
        return try gradients(of: layer(x), [x] + layer.parameters, draws)
      }
    }
  }

  @Test(arguments: [[1, 1, 1], [40, 33, 1], [1, 3000, 1], [2, 70, 9]])
  func maximaAndRunningSums(shape: [Int]) throws {
    try expectSame("\(shape)", within: 1e-6) { draws in
      let x = draws.quarters(shape)
      let broken = x.detached().filled(with: .nan, where: x.detached() .> 1.5)
      let (values, places) = x.maximum(along: 1)
      let sums = x.cumulativeSum(1)
      return try [
        values, places, broken.maximum(along: 1).indices, sums, draws.integers(-5..<5, shape).cumulativeSum(1),
      ]
        + gradients(of: sums, [x], draws)
    }
  }

  @Test(arguments: [1, 2, 31, 64, 1024, 1025, 2500], [false, true])
  func sorting(length: Int, descending: Bool) throws {
    try expectSame("\(length) elements") { draws in
      let x = draws.quarters([2, length, descending ? 3 : 1]).detached()
      let broken = x.filled(with: .nan, where: x .== 2)
      return [
        x.sorted(along: 1, descending: descending).indices, broken.sorted(along: 1, descending: descending).indices,
        x.cast(to: .float64).sorted(along: 1, descending: descending).values,
      ]
    }
  }

  @Test(arguments: [3, 40, 1500])
  func indexing(count: Int) throws {
    try expectSame("\(count) indices") { draws in
      let table = draws.normal([11, 8])
      let indices = draws.integers(0..<11, [count])
      let rows = table.embedding(indices)
      let cube = draws.normal([4, 6, 5], .float64)
      let columns = cube.selected(draws.integers(0..<6, [count]), along: 1)
      let single = cube.gathered(draws.integers(0..<6, [4, 9, 5]), along: 1)
      let wide = draws.integers(0..<100, [11, 3]).cast(to: .uint8).selected(indices, along: 0)
      return try [rows, columns, single, wide] + gradients(of: rows, [table], draws)
        + gradients(of: columns.sum() + single.sum(), [cube], draws)
    }
  }

  @Test("Rows that are taken many times", arguments: [17, 300, 70_000], [1, 3, 1000])
  func repeatedIndices(count: Int, distinct: Int) throws {
    try expectSame("\(count) of \(distinct) indices") { draws in
      let indices = draws.integers(0..<distinct, [count])
      let width = count > 1000 ? 2 : 300
      let rows = draws.normal([distinct, width], .float64)
      let cube = draws.normal([3, distinct, 2], .float64)
      let numbers = draws.normal([distinct], .float64)
      return try gradients(of: rows.selected(indices, along: 0), [rows], draws)
        + gradients(of: cube.selected(indices, along: 1), [cube], draws)
        + gradients(of: numbers.gathered(indices, along: 0), [numbers], draws)
    }
  }

  @Test(arguments: [1, 10, 33, 129, 1500], [DataType.float32, .float64])
  func softmax(count: Int, dtype: DataType) throws {
    try expectSame("\(count) elements", within: 2e-6) { draws in
      let x = draws.normal([3, count, 2], dtype)
      let rows = (x * 5).reshaped([6, count])
      let results = [rows.softmax(1), rows.logSoftmax(1), x.softmax(1), x.logSoftmax(0)]
      return try results + gradients(of: results.map { $0.flattened() }.reduce(x.flattened()) { $0 + $1 }, [x], draws)
    }
  }

  @Test(arguments: [1, 10, 33, 129, 1500], [0, 0.1])
  func crossEntropies(classes: Int, smoothing: Double) throws {
    try expectSame("\(classes) classes", within: 2e-6) { draws in
      let x = draws.normal([13, classes])
      let logits = x + 1e4
      let targets = draws.integers(0..<classes, [13])
      let losses = crossEntropy(logits, targets, reduction: .none, ignoringTarget: 0, labelSmoothing: smoothing)
      return try [losses] + gradients(of: losses, [x], draws)
    }
  }
}
