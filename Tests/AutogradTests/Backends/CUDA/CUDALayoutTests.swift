import Autograd
import TestSupport
import Testing

/// Elements that lie otherwise in a GPU's memory than their shape and type say: images [N, H, W, C] between convolutions on
/// tensor cores, and what is computed in bfloat16; against the processor's.
@Suite(.enabled(if: try EmulatedGPU.device().summary().contains(", cuDNN "), "the GPU has no cuDNN"))
struct CUDALayoutTests {
  /// The same of both devices, computed by cuDNN on the GPU: in TF32, in which multiples of 1/4 are exact, or in bfloat16,
  /// in which what is kept between convolutions is rounded to 8 bits.
  func expectSame(
    _ what: String, in precision: ProductPrecision = .tf32, within tolerance: Double = 0, seed: UInt64 = 1,
    _ body: (DrawnTensors) throws -> [Tensor]
  ) throws {
    try Kernels.choosing(generic: false) {
      let tolerance = precision == .bfloat16 ? max(tolerance, 0.02) : tolerance
      try AutogradTests.expectSame(what, within: tolerance, seed: seed) { draws in
        try withProductPrecision(draws.device == .cpu ? .float32 : precision) { try body(draws) }
      }
    }
  }

  /// Images that a convolution has left in that order, on a GPU, and of which gradients are taken.
  func convolved(_ draws: DrawnTensors, _ shape: [Int] = [2, 3, 5, 6]) -> Tensor {
    let x = draws.quarters(shape), weight = draws.quarters([shape[1], shape[1], 1, 1])
    let y = x.conv2d(weight).detached()
    y.requiresGrad = true
    expectOrder(y, draws)
    return y
  }

  /// Expects images that lie channels last on a GPU, and in bfloat16 if that is the precision.
  func expectOrder(_ images: Tensor, _ draws: DrawnTensors, sourceLocation: SourceLocation = #_sourceLocation) {
    let expected = Layout(isChannelsLast: true, isBFloat16: ProductPrecision.current == .bfloat16)
    #expect(images.layout == (draws.device == .cpu ? .plain : expected), sourceLocation: sourceLocation)
  }

  @Test(arguments: ProductPrecision.allCases)
  func orderFollowsThePrecision(precision: ProductPrecision) throws {
    let draws = try DrawnTensors(seed: 1, device: EmulatedGPU.device())
    Kernels.choosing(generic: false) {
      withProductPrecision(precision) {
        let x = draws.quarters([2, 6, 5, 6])
        let y = x.conv2d(draws.quarters([4, 6, 3, 3]), bias: draws.quarters([4]))
        #expect(y.layout.isChannelsLast == (precision != .float32))
        let groups = x.conv2d(draws.quarters([4, 3, 3, 3]), groups: 2)
        #expect(groups.layout == Layout(isBFloat16: precision == .bfloat16))
        #expect(y.shape == [2, 4, 3, 4])
        // A look at the elements does not change how they lie; an operation may, which needs them in the shape's order.
        let elements = y.array(of: Float.self)
        #expect(y.layout.isChannelsLast == (precision != .float32))
        _ = y.flattened().sum()
        #expect(y.layout == .plain && y.array(of: Float.self) == elements)
      }
    }
  }

  /// From one order to the other and back, with few channels, few pixels, and many of both.
  @Test(
    arguments: [[2, 3, 20, 20], [2, 300, 3, 3], [3, 16, 20, 20], [1, 17, 20, 20], [2, 1, 5, 6]],
    [.tf32, .bfloat16] as [ProductPrecision])
  func orders(shape: [Int], precision: ProductPrecision) throws {
    try expectSame("\(shape)", in: precision) { draws in
      let x = draws.quarters(shape), weight = draws.quarters([4, shape[1], 1, 1])
      let y = x.conv2d(weight)
      expectOrder(y, draws)
      return try [y, y.flattened() * 1] + gradients(of: y, [x, weight], draws)
    }
  }

  @Test(arguments: 0..<6, [.tf32, .bfloat16] as [ProductPrecision])
  func elements(seed: Int, precision: ProductPrecision) throws {
    try expectSame("elements", in: precision, seed: UInt64(seed)) { draws in
      let x = convolved(draws), other = convolved(draws)
      let product = x.relu() * other
      let sum = other + product * 0.5 - x
      let (most, twice) = (sum.maximum(x), sum + sum)
      for images in [product, sum, most, twice] { expectOrder(images, draws) }
      let scale = draws.quarters([3, 1, 1]), shift = draws.quarters([1, 3, 1, 1]), rows = draws.quarters([5, 1])
      let scaled = most * scale - shift
      #expect(scaled.layout == Layout(isChannelsLast: draws.device != .cpu))
      return try [product, sum, most, twice, scaled, rows * most]
        + gradients(of: scaled + twice, [x, other, scale, shift], draws)
    }
  }

  @Test(arguments: [.tf32, .bfloat16] as [ProductPrecision])
  func changesInPlace(precision: ProductPrecision) throws {
    try expectSame("in place", in: precision) { draws in
      let x = convolved(draws).detached(), other = draws.quarters(x.shape).detached()
      let y = convolved(draws).detached()
      let kept = x.cloned()
      try other += x
      #expect(other.layout == .plain)
      try y += other
      expectOrder(y, draws)
      try y *= y
      return [x, other, y, kept]
    }
  }

  @Test(arguments: 0..<10, [.tf32, .bfloat16] as [ProductPrecision])
  func pooling(seed: Int, precision: ProductPrecision) throws {
    try expectSame("pooling \(seed)", in: precision, seed: UInt64(seed)) { draws in
      let x = convolved(draws, [2, 3, draws.number(4...9), draws.number(4...9)])
      let kernel = (draws.number(1...4), draws.number(1...4)), stride = (draws.number(1...3), draws.number(1...3))
      let padding = (draws.number(0...kernel.0 / 2), draws.number(0...kernel.1 / 2))
      let largest = x.maxPool2d(kernel, stride: stride, padding: padding)
      let average = x.averagePool2d(kernel, stride: stride, padding: padding)
      if largest.shape[2] * largest.shape[3] > 1 {
        for images in [largest, average] { expectOrder(images, draws) }
      }
      return try [largest, average] + gradients(of: largest, [x], draws) + gradients(of: average, [x], draws)
    }
  }

  @Test(arguments: [.tf32, .bfloat16] as [ProductPrecision])
  func sums(precision: ProductPrecision) throws {
    try expectSame("sums", in: precision) { draws in
      let x = convolved(draws, [2, 40, 7, 9])
      let sums = [x.sum([2, 3]), x.sum([0, 2, 3])]
      expectOrder(x, draws)
      return try sums + [x.sum([1]), x.sum()] + gradients(of: x.sum([0, 2, 3]), [x], draws)
    }
  }

  /// Of whole packs of channels, of others, of sums in several parts, and of more packs than threads, which are as many as
  /// make whole rows of 3 packs, or of 7 not.
  @Test(
    arguments: [
      [2, 8, 5, 6], [3, 5, 4, 4], [40, 4, 16, 16], [40, 16, 16, 16], [10, 12, 8, 8], [5, 28, 8, 8],
    ],
    [.tf32, .bfloat16] as [ProductPrecision])
  func batchNormalization(shape: [Int], precision: ProductPrecision) throws {
    for affine in [true, false] {
      try expectSame("\(shape)", in: precision, within: 2e-5) { draws in
        let x = convolved(draws, shape)
        let norm = BatchNorm2d(shape[1], affine: affine).to(draws.device)
        let residual = convolved(draws, shape)
        let sum = norm.rectified(x, adding: residual), rectified = Sequential(norm, ReLU())(x), plain = norm(x)
        for images in [sum, rectified, plain] { expectOrder(images, draws) }
        let inputs = [x] + norm.parameters
        return try [sum, rectified, plain, norm.runningMean, norm.runningVariance]
          + gradients(of: sum, [residual] + inputs, draws) + gradients(of: rectified, inputs, draws)
          + gradients(of: plain, inputs, draws)
      }
    }
  }

  @Test(arguments: [.tf32, .bfloat16] as [ProductPrecision])
  func transposedConvolutions(precision: ProductPrecision) throws {
    for bias in [false, true] {
      try expectSame("transposed", in: precision, within: 2e-3) { draws in
        let x = convolved(draws)
        let weight = draws.quarters([3, 4, 2, 2]), shift = bias ? draws.quarters([4]) : nil
        let y = x.convTranspose2d(weight, bias: shift, stride: (2, 2))
        expectOrder(y, draws)
        let z = y.relu().conv2d(draws.quarters([2, 4, 1, 1]))
        return try [y, z] + gradients(of: z, [x, weight] + (shift.map { [$0] } ?? []), draws)
      }
    }
  }

  /// What needs the elements in the shape's order gets them, and adds up gradients of parts there.
  @Test(arguments: [.tf32, .bfloat16] as [ProductPrecision])
  func partsAndSizes(precision: ProductPrecision) throws {
    try expectSame("parts", in: precision, within: 2e-3) { draws in
      let x = convolved(draws, [2, 4, 5, 6]), weight = draws.quarters([4]), y = x * 0.5
      let parts = y[0] + y[1] * y[0], columns = y[0..., 0..., 0..., 1...] * y[0..., 0..., 0..., ..<5]
      let normalized = y.groupNorm(2, weight: weight)
      let larger = y.resized(to: (10, 12)), between = y.resized(to: (7, 9), by: .bilinear())
      let padded = y.padded([(1, 0), (0, 2)], value: 1).flipped([2, 3]), means = y.adaptiveAveragePool2d((3, 4))
      let sums = [parts, columns, normalized, larger, between, padded, means].map { $0.sum() }
      return try [parts, columns, normalized, larger, between, padded, means]
        + gradients(of: .stacked(sums), [x, weight], draws)
    }
  }

  /// A gradient in bfloat16, channels last, to which that of a normalization in the shape's order is added.
  @Test func normalizedBesideAConvolution() throws {
    try expectSame("beside", in: .bfloat16) { draws in
      let x = draws.quarters([2, 4, 5, 6]), filters = draws.quarters([4, 4, 1, 1])
      let image = x.conv2d(filters)
      let normalized = image.groupNorm(2), convolved = image.conv2d(filters)
      return try gradients(of: normalized + convolved, [x, filters], draws)
    }
  }

  /// What one order or the other is asked of, in all the ways in which a convolution's operands come. Not all sums that
  /// are convolved again have few enough digits for TF32.
  @Test(arguments: 0..<8, [.tf32, .bfloat16] as [ProductPrecision])
  func convolutions(seed: Int, precision: ProductPrecision) throws {
    try expectSame("convolutions \(seed)", in: precision, within: 2e-3, seed: UInt64(seed)) { draws in
      let leaf = convolved(draws)
      if seed & 1 != 0 { _ = leaf.flattened().sum() }
      let x = leaf * 1
      let weight = draws.quarters([4, 3, 3, 3]), point = draws.quarters([4, 3, 1, 1])
      let y = x.conv2d(weight, bias: draws.quarters([4]), padding: (1, 1))
      let sum = y.relu() + x.conv2d(point)
      if seed & 2 != 0 { _ = sum.flattened().sum() }
      let last = sum.conv2d(draws.quarters([1, 4, 5, 6]))
      return try [y, sum, last] + gradients(of: seed & 4 != 0 ? last : sum, [leaf, weight, point], draws)
    }
  }

  /// The gradient of a parameter that is an image goes to its place in the arena.
  @Test(arguments: [.tf32, .bfloat16] as [ProductPrecision])
  func gradientsInAnArena(precision: ProductPrecision) throws {
    final class Images: Module {
      let image: Parameter
      let weight: Parameter
      init(_ draws: DrawnTensors) {
        image = Parameter(draws.quarters([2, 3, 5, 6]).detached())
        weight = Parameter(draws.quarters([4, 3, 3, 3]).detached())
      }
    }
    try expectSame("in an arena", in: precision) { draws in
      let module = Images(draws)
      let arena = ParameterArena(module)
      for _ in 0..<2 { try module.image.conv2d(module.weight).sum().backward() }
      return try [#require(arena.flat.grad)] + [module.image, module.weight].map { try #require($0.grad) }
    }
  }

  /// A gradient that is itself differentiated.
  @Test(arguments: [.tf32, .bfloat16] as [ProductPrecision])
  func secondDerivatives(precision: ProductPrecision) throws {
    try expectSame("twice", in: precision) { draws in
      let x = draws.quarters([1, 2, 4, 4]), weight = draws.quarters([2, 2, 2, 2])
      let y = x.conv2d(weight).relu().sum()
      let first = try Autograd.gradients(of: y, withRespectTo: [x, weight], createGraph: true)
      let squares = first.map { ($0 * $0).sum() }
      return try first + Autograd.gradients(of: squares[0] + squares[1], withRespectTo: [x, weight])
    }
  }

  /// Work that is repeated leaves its results, and finds what was there before it, where they were when it was recorded.
  @Test(arguments: [.tf32, .bfloat16] as [ProductPrecision])
  func recordedWork(precision: ProductPrecision) throws {
    let draws = try DrawnTensors(seed: 1, device: EmulatedGPU.device())
    try Kernels.choosing(generic: false) {
      try withProductPrecision(precision) {
        let x = draws.quarters([2, 3, 5, 6]).detached(), weight = draws.quarters([3, 3, 1, 1]).detached()
        let before = x.conv2d(weight)
        let bias = before.array(of: Float.self)
        var after = x
        let work = try RecordedWork(on: draws.device) {
          let y = x.conv2d(weight)
          after = y + before
        }
        for times in 1...3 {
          _ = before.flattened().sum()
          work.run()
          let found = after.array(of: Float.self), rounding: Float = precision == .bfloat16 ? 1 / 128 : 0
          #expect(
            zip(found, bias).allSatisfy { abs($0 - Float(times + 1) * $1) <= rounding * abs($0) }, "\(times): \(found)")
          _ = after.flattened().sum()
          try x += x / Double(times)
        }
      }
    }
  }
}
