import Autograd
import TestSupport
import Testing

/// Convolutions, pooling and normalization by the kernels for GPUs, against the processor's.
@Suite struct CUDAImageTests {
  /// Of numbers whose products add up without rounding, so that all orders and precisions give the same.
  @Test(arguments: 0..<12, [DataType.float32, .float64])
  func convolutions(seed: Int, dtype: DataType) throws {
    try Kernels.choosing(generic: true) { try checkConvolution(seed: seed, dtype, .float32) }
  }

  @Test(arguments: 0..<2, [ProductPrecision.tf32, .bfloat16])
  func convolutionsOnTensorCores(seed: Int, precision: ProductPrecision) throws {
    try Kernels.choosing(generic: true) { try checkConvolution(seed: seed, .float32, precision) }
  }

  /// cuDNN gives sums in bfloat16 for factors in bfloat16, and a real one may add transformed products.
  @Test(arguments: 0..<12, [(ProductPrecision.float32, 1e-5), (.tf32, 1e-5), (.bfloat16, 0x1p-8)])
  func convolutionsByTheLibrary(seed: Int, precision: (ProductPrecision, tolerance: Double)) throws {
    try Kernels.choosing(generic: false) {
      try checkConvolution(seed: seed, .float32, precision.0, within: precision.tolerance)
    }
  }

  /// Sums of 1 + 2⁻⁹, 1 + 2⁻¹² and 2⁻⁸. TF32 drops the 2⁻¹² and bfloat16 the 2⁻⁹ too; and that a sum of bfloat16 factors
  /// drops the 2⁻⁸ is cuDNN's doing alone, for own kernels do not round it. A machine's GPU may have no cuDNN.
  private static let sumsOfTheLibrary: [(precision: ProductPrecision, sum: Double)] = [
    (.float32, 2 + 0x1p-8 + 0x1p-9 + 0x1p-12), (.tf32, 2 + 0x1p-8 + 0x1p-9), (.bfloat16, 2),
  ]

  @Test(
    .enabled(if: try EmulatedGPU.device().summary().contains(", cuDNN "), "the GPU has no cuDNN"),
    arguments: sumsOfTheLibrary)
  func precisionsOfTheLibrary(precision: ProductPrecision, sum: Double) throws {
    // As large as tensor cores need it to be.
    let (channels, places) = (64, 256)
    func values(_ count: Int) -> [Double] {
      [1 + 0x1p-9, 1 + 0x1p-12, 0x1p-8] + [Double](repeating: 0, count: count - 3)
    }
    let device = try EmulatedGPU.device()
    func tensor(_ elements: [Double], _ shape: [Int]) -> Tensor {
      let tensor = Tensor(elements, shape: shape).cast(to: .float32).to(device)
      tensor.requiresGrad = true
      return tensor
    }
    func expectAll(_ found: Tensor?, _ expected: Double, _ what: String) throws {
      let elements = try #require(found).array(of: Double.self)
      #expect(elements.allSatisfy { $0 == expected }, "\(what) in \(precision): \(elements[0]), not \(expected)")
    }
    try Kernels.choosing(generic: false) {
      try withProductPrecision(precision) {
        let image = tensor(
          values(channels).flatMap { [Double](repeating: $0, count: places) }, [1, channels, 16, 16])
        try expectAll(image.conv2d(.ones([channels, channels, 1, 1], device: device)), sum, "output")

        // The gradient of every pixel is the sum of a column of the filters, that of every filter's element the sum of
        // a channel's pixels.
        let x = tensor((0..<channels).flatMap { _ in values(places) }, [1, channels, 16, 16])
        let weight = tensor(
          values(channels).flatMap { [Double](repeating: $0, count: channels) }, [channels, channels, 1, 1])
        for times in [1.0, 2] {
          // The second time they are added to the first ones.
          try x.conv2d(weight).sum().backward()
          try expectAll(x.grad, times * sum, "gradient of the image, \(Int(times)) times")
          try expectAll(weight.grad, times * sum, "gradient of the filters, \(Int(times)) times")
        }
      }
    }
  }

  private func checkConvolution(
    seed: Int, _ dtype: DataType, _ precision: ProductPrecision, within tolerance: Double = 0
  ) throws {
    let before = ProductPrecision.current
    defer { ProductPrecision.current = before }
    try expectSame("convolution \(seed)", within: tolerance, seed: UInt64(seed)) { draws in
      ProductPrecision.current = draws.device == .cpu ? .float32 : precision
      let groups = draws.number(1...3)
      let (channels, filters) = (draws.number(1...4), draws.number(1...5) * (seed % 3 == 0 ? 9 : 1))
      let kernel = [draws.number(1...3), draws.number(1...3)]
      let stride = (draws.number(1...3), draws.number(1...2)), dilation = (draws.number(1...2), draws.number(1...3))
      let padding = (draws.number(0...2), draws.number(0...2))
      let size = [draws.number(5...9), seed % 4 == 0 ? 8 : draws.number(7...12)]
      let x = draws.quarters([draws.number(1...3), groups * channels] + size, dtype)
      let weight = draws.quarters([groups * filters, channels] + kernel, dtype)
      let bias = draws.quarters([groups * filters], dtype)
      let y = x.conv2d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
      return try [y] + gradients(of: y, [x, weight, bias], draws)
    }
  }

  /// The gradients of an image's uses are added up where the first one is, which is not somebody else's memory.
  @Test(arguments: [false, true], [DataType.float32, .float64])
  func convolutionsOfAnImageWithOtherUses(generic: Bool, dtype: DataType) throws {
    try Kernels.choosing(generic: generic) {
      try expectSame("three uses") { draws in
        let x = draws.quarters([2, 3, 5, 6], dtype)
        let weights = (0..<2).map { _ in draws.quarters([4, 3, 3, 3], dtype) }
        let scale = draws.quarters([1], dtype)
        func uses(_ image: Tensor) -> [Tensor] { weights.map { image.conv2d($0).sum() } + [(image * scale).sum()] }
        let image = x * 1
        let together = try Autograd.gradients(
          of: uses(image).reduce(Tensor(0.0, dtype: dtype).to(draws.device), +), withRespectTo: [image, x])
        let apart = try (0..<3).map { use in
          let image = x * 1
          return try Autograd.gradients(of: uses(image)[use], withRespectTo: [image])[0]
        }
        let sum = apart[0] + apart[1] + apart[2]
        for gradient in together { #expect(gradient.array(of: Double.self) == sum.array(of: Double.self)) }
        return together + apart
      }
    }
  }

  /// The library refuses its first algorithm in the first pass, where the gradient is added to those of other uses.
  @Test func sumsOfGradientsHaveTheSameBitsFromTheFirstOn() throws {
    try Kernels.choosing(generic: false) {
      let generator = RandomGenerator(seed: 5)
      let device = try EmulatedGPU.device()
      let weight = Tensor.randn([6, 6, 3, 3], generator: generator).to(device)
      let leaf = Tensor.randn([3, 6, 11, 13], generator: generator).to(device)
      leaf.requiresGrad = true
      let passes = try (0..<3).map { _ in
        let x = leaf * 1
        // Passed last, once the others have made a sum.
        let convolved = x.conv2d(weight, padding: (1, 1))
        let y = convolved + x.sin() + x.cos()
        return try gradients(of: (y * y).sum(), withRespectTo: [leaf])[0].array(of: Float.self)
      }
      #expect(passes[0] == passes[1] && passes[1] == passes[2])
    }
  }

  /// A grid of blocks has at most 65,535 along all dimensions but the first.
  @Test func convolutionsOfManyGroups() throws {
    let groups = 65_537
    try Kernels.choosing(generic: true) {
      try expectSame("\(groups) groups") { draws in
        let x = draws.quarters([1, groups, 1, 2]), weight = draws.quarters([groups, 1, 1, 2])
        let y = x.conv2d(weight, groups: groups)
        return try [y] + gradients(of: y, [x, weight], draws)
      }
    }
  }

  @Test func convolutionsOfNothing() throws {
    try expectSame("no images") { draws in
      let weight = draws.quarters([2, 1, 3, 3])
      let y = draws.quarters([0, 1, 5, 5]).conv2d(weight)
      return try [y] + gradients(of: y, [weight], draws)
    }
  }

  @Test(arguments: 0..<10)
  func pooling(seed: Int) throws {
    try expectSame("pooling \(seed)", seed: UInt64(seed)) { draws in
      let x = draws.quarters([2, 2, draws.number(4...9), draws.number(4...9)])
      let kernel = (draws.number(1...4), draws.number(1...4)), stride = (draws.number(1...3), draws.number(1...3))
      let padding = (draws.number(0...kernel.0 / 2), draws.number(0...kernel.1 / 2))
      let (dilation, roundsUp) = ((kernel.0 < 3 ? 2 : 1, 1), draws.number(0...1) == 1)
      let largest = x.maxPool2d(kernel, stride: stride, padding: padding, dilation: dilation, roundsUp: roundsUp)
      let average = x.averagePool2d(kernel, stride: stride, padding: padding, roundsUp: roundsUp)
      let broken = x.detached().sqrt().maxPool2d(kernel, stride: stride, padding: padding)
      return try [largest, average, broken] + gradients(of: largest, [x], draws) + gradients(of: average, [x], draws)
    }
  }

  @Test(arguments: [[5, 3], [300, 33], [600, 2], [4, 3, 5, 5], [2, 3, 64, 72], [3, 2, 7]])
  func batchNormalization(shape: [Int]) throws {
    try expectSame("\(shape)", within: 5e-6) { draws in
      let x = draws.normal(shape), weight = draws.normal([shape[1]]), bias = draws.normal([shape[1]])
      let (y, mean, variance) = x.batchNorm(weight: weight, bias: bias)
      return try [y, mean, variance] + gradients(of: y, [x, weight, bias], draws)
    }
  }

  @Test(arguments: FusedNormalizationTests.shapes, FusedNormalizationTests.Variant.all)
  func rectifiedBatchNormalization(shape: [Int], variant: FusedNormalizationTests.Variant) throws {
    typealias Fused = FusedNormalizationTests
    let device = try EmulatedGPU.device()
    let fused = try Fused.results(shape, variant, on: device, fused: true)
    Fused.expectSameBits(fused, try Fused.results(shape, variant, on: device, fused: false), "\(shape), \(variant)")
    for (a, b) in zip(fused, try Fused.results(shape, variant, fused: true)) {
      let (found, expected) = (a.array(of: Double.self), b.array(of: Double.self))
      let bound = (variant.dtype == .float64 ? 1e-12 : 5e-5) * (1 + (expected.map(abs).max() ?? 0))
      #expect(a.device == device && found.count == expected.count)
      #expect(
        zip(found, expected).allSatisfy { abs($0 - $1) <= bound || ($0.isNaN && $1.isNaN) }, "\(shape), \(variant)")
    }
  }

  @Test(arguments: [[9, 70], [9, 5, 8], [9, 5, 7]], [DataType.float32, .float64])
  func signsOfRectifiedBatchNormalization(shape: [Int], dtype: DataType) throws {
    try FusedNormalizationTests.expectSameSigns(shape, dtype, on: EmulatedGPU.device())
  }

  /// A part of an array begins at any of its elements, where cuDNN may refuse to read packs.
  @Test func convolutionsOfUnalignedMemory() throws {
    try expectSame("unaligned", within: 1e-5) { draws in
      let images = draws.normal([3, 1, 7, 7]), filters = draws.normal([3, 1, 3, 3])
      let output = images[1...].conv2d(filters[1...], padding: (1, 1))
      try (output * output.detached()).sum().backward()
      return try [output, #require(images.grad), #require(filters.grad)]
    }
  }

  /// Packs of elements are added up in the same order wherever in memory they begin.
  @Test func batchNormalizationOfUnalignedMemory() throws {
    try expectSame("unaligned", within: 5e-6) { draws in
      let rows = draws.normal([5 * 3 * 8 + 1]).detached()
      let results = [0, 1].map { start in
        // The same elements from an aligned place and from the one after it.
        let x = (start == 0 ? rows[1...].cloned() : rows[1...]).reshaped([5, 3, 8])
        let leaf = x.detached()
        leaf.requiresGrad = true
        return leaf
      }
      let outputs = results.map { Sequential(BatchNorm1d(3).to(draws.device), ReLU())($0) }
      for (x, y) in zip(results, outputs) { try (y * (0.5 + x.detached())).sum().backward() }
      let gradients = try results.map { try #require($0.grad) }
      #expect(gradients[0].array(of: Float.self) == gradients[1].array(of: Float.self))
      #expect(outputs[0].array(of: Float.self) == outputs[1].array(of: Float.self))
      return outputs + gradients
    }
  }

  /// Of columns and of groups, added up by one block and by several.
  @Test(
    arguments: [[300], [3], [3, 5], [2, 80, 64]],
    [(nil, .float32), (nil, .float64), (0.3, .float32), (0.3, .float64)] as [(Double?, DataType)])
  func runningStatistics(shape: [Int], options: (momentum: Double?, dtype: DataType)) throws {
    try expectSame("\(shape), momentum \(options.momentum as Any)", within: 1e-6) { draws in
      let norm = BatchNorm(shape[0], momentum: options.momentum, dtype: options.dtype).to(draws.device)
      for rows in shape == [3] ? [600, 700, 520] : [2, 5, 3] { _ = norm(draws.normal([rows] + shape, options.dtype)) }
      #expect(norm.batchCount.item() == 3)
      return [norm.runningMean, norm.runningVariance]
    }
  }

  @Test(
    arguments: [
      ([2, 6, 5, 7], 3), ([3, 8], 4), ([2, 4, 1, 300], 4), ([1, 512, 3], 2), ([40, 6, 4, 4], 2), ([600, 4], 2),
      ([700, 4, 33], 1),
    ] as [([Int], Int)])
  func groupNormalization(shape: [Int], groups: Int) throws {
    try expectSame("\(shape)", within: 2e-5) { draws in
      let x = draws.normal(shape), weight = draws.normal([shape[1]]), bias = draws.normal([shape[1]])
      let y = x.groupNorm(groups, weight: weight, bias: bias)
      let plain = x.groupNorm(groups)
      return try [y] + gradients(of: y, [x, weight, bias], draws) + gradients(of: plain, [x], draws)
    }
  }

  /// The last rows are added up by several blocks each.
  @Test(arguments: [[1, 1], [7, 10], [300, 33], [5, 200], [3, 2000], [2, 20_000]])
  func layerNormalization(shape: [Int]) throws {
    try expectSame("\(shape)", within: 5e-6) { draws in
      let x = draws.normal(shape), weight = draws.normal([shape[1]]), bias = draws.normal([shape[1]])
      let y = x.layerNorm([shape[1]], weight: weight, bias: bias)
      return try [y] + gradients(of: y, [x, weight, bias], draws)
    }
  }

  /// The gradient of a normalization is added to what other uses of its rows have brought, with the bits of a sum.
  @Test(arguments: 1...3) func layerNormalizationBesideOtherUses(count: Int) throws {
    try expectSame("\(count) uses", within: 5e-6) { draws in
      let x = draws.normal([7, 12]), weights = draws.normal([7, 12]).detached()
      let rows = x * 1
      let normalized = (0..<count).map { _ in rows.layerNorm([12]) }
      try (normalized.reduce(rows, +) * weights).sum().backward()
      let alone = x.detached()
      alone.requiresGrad = true
      try (alone.layerNorm([12]) * weights).sum().backward()
      let (sum, own) = try (#require(x.grad), #require(alone.grad))
      let expected = (0..<count).reduce(weights) { sum, _ in sum + own }
      #expect(sum.array(of: Float.self) == expected.array(of: Float.self))
      return [sum]
    }
  }

  /// A row has the same bits wherever in memory it begins.
  @Test func layerNormalizationOfUnalignedMemory() throws {
    try expectSame("unaligned", within: 5e-6) { draws in
      let elements = draws.normal([7 * 12 + 1]).detached()
      let results = [elements[1...].cloned(), elements[1...]].map { $0.reshaped([7, 12]).layerNorm([12]) }
      #expect(results[0].array(of: Float.self) == results[1].array(of: Float.self))
      return results
    }
  }
}
