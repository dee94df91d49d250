import Autograd
import TestSupport
import Testing

/// Recorded work that finds copies of parameters made.
@Suite(.enabled(if: try EmulatedGPU.device().summary().contains(", cuDNN "), "the GPU has no cuDNN"))
struct ParameterCopiesTests {
  private static let precisions: [ProductPrecision] = [.tf32, .bfloat16]

  /// The result of recorded work after each of some repetitions, between which the parameters change, beside the same
  /// without recording.
  private func expectSame(
    _ precision: ProductPrecision, _ parameters: [Tensor], _ compute: () throws -> [Tensor]
  ) throws {
    let start = parameters.map { $0.cloned() }
    func restore() throws { for (parameter, old) in zip(parameters, start) { try parameter.copyElements(from: old) } }
    func values(_ tensors: [Tensor]) -> [[Float]] { tensors.map { $0.array(of: Float.self) } }
    func times(_ body: () throws -> [Tensor]) throws -> [[[Float]]] {
      try restore()
      return try (0..<3).map { _ in
        let found = values(try body())
        for parameter in parameters { try parameter *= 1.25 }
        return found
      }
    }
    try Kernels.choosing(generic: false) {
      try withProductPrecision(precision) {
        try noGrad {
          let expected = try times(compute)
          var results: [Tensor] = []
          try restore()
          let work = try RecordedWork(on: parameters[0].device, reading: parameters) { results = try compute() }
          let found = try times {
            work.run()
            return results
          }
          #expect(found == expected && Set(expected).count == 3)
        }
      }
    }
  }

  /// Filters of few channels or places, of many of both, and of one place, of which a block moves a part.
  @Test(arguments: precisions)
  func filtersOfAllSizes(precision: ProductPrecision) throws {
    let device = try EmulatedGPU.device()
    let shapes = [[3, 2, 3, 3], [2, 300, 2, 2], [3, 20, 5, 5], [2, 33, 9, 9], [70, 61, 1, 1], [4, 1, 3, 3]]
    let filters = shapes.enumerated().map { seed, shape in
      Tensor.randn(shape, generator: RandomGenerator(seed: UInt64(seed))).to(device)
    }
    let images = shapes.map { Tensor.randn([1, $0[1], 10, 10], generator: RandomGenerator(seed: 7)).to(device) }
    try expectSame(precision, filters) { zip(images, filters).map { $0.conv2d($1) } }
  }

  /// What work has changed by itself is as it then is; and so is what it asks for twice.
  @Test(arguments: precisions)
  func parametersThatTheWorkChanges(precision: ProductPrecision) throws {
    let device = try EmulatedGPU.device()
    let filters = Tensor.randn([3, 2, 3, 3], generator: RandomGenerator(seed: 1)).to(device)
    let image = Tensor.randn([1, 2, 5, 5], generator: RandomGenerator(seed: 2)).to(device)
    try expectSame(precision, [filters]) {
      let before = image.conv2d(filters) + image.conv2d(filters)
      try filters += 0.5
      return [before, image.conv2d(filters)]
    }
  }

  /// Memory that the work gives back before it asks for a copy is not that of the copy: the work writes there again.
  @Test(arguments: precisions)
  func copiesHaveMemoryOfTheirOwn(precision: ProductPrecision) throws {
    let device = try EmulatedGPU.device()
    let filters = Tensor.randn([32, 16, 3, 3], generator: RandomGenerator(seed: 1)).to(device)
    let image = Tensor.randn([1, 16, 5, 5], generator: RandomGenerator(seed: 2)).to(device)
    let halves = Tensor.randn([2, filters.count / 2], generator: RandomGenerator(seed: 3)).to(device)
    try expectSame(precision, [filters]) {
      // As many bytes as the copy has in float32 and in bfloat16.
      for numbers in [halves, halves[0]] { _ = numbers * 2 }
      return [image.conv2d(filters)]
    }
  }

  /// Parameters of which a part begins anywhere, and a rounded copy of each that two layers share.
  @Test func parametersOfLayers() throws {
    let device = try EmulatedGPU.device()
    let generator = RandomGenerator(seed: 1)
    let model = Sequential(
      Linear(3, 513, generator: generator), ReLU(), Linear(513, 512, generator: generator), ReLU()
    ).to(device)
    let arena = ParameterArena(model)
    let x = Tensor.randn([512, 3], generator: generator).to(device)
    try expectSame(.bfloat16, arena.parameters.map(\.parameter)) { [model(x)] }
  }
}
