import Autograd
import Testing

@Suite struct ConvolutionTests {
  static let shapes: [PlainConvolution] =
    [
      PlainConvolution(),
      PlainConvolution(images: 1, channels: 1, filters: 32, size: (9, 11), padding: (1, 1)),
      PlainConvolution(images: 3, channels: 33, filters: 17, size: (5, 15), padding: (1, 1)),
      PlainConvolution(channels: 16, filters: 40, size: (8, 31), kernel: (1, 1)),
      PlainConvolution(channels: 17, filters: 16, size: (9, 8), kernel: (1, 1), stride: (2, 2)),
      PlainConvolution(channels: 9, filters: 20, size: (11, 10), stride: (2, 3), padding: (1, 2)),
      PlainConvolution(channels: 12, filters: 12, size: (12, 13), kernel: (3, 2), padding: (2, 1), dilation: (2, 3)),
      PlainConvolution(
        channels: 8, filters: 24, size: (13, 9), kernel: (5, 4), stride: (3, 2), padding: (2, 3), dilation: (2, 1)),
      PlainConvolution(channels: 32, filters: 48, size: (6, 7), padding: (1, 1), groups: 2),
      PlainConvolution(channels: 6, filters: 6, size: (6, 7), padding: (1, 1), groups: 6),
      PlainConvolution(channels: 10, filters: 16, size: (3, 3), kernel: (3, 3)),
      PlainConvolution(channels: 8, filters: 8, size: (4, 5), kernel: (1, 1), padding: (2, 1)),
      PlainConvolution(channels: 8, filters: 16, size: (2, 2), kernel: (4, 4), padding: (2, 2)),
      PlainConvolution(images: 0, channels: 16, filters: 16),
      PlainConvolution(images: 1, channels: 20, filters: 33, size: (33, 34), padding: (1, 1)),
      PlainConvolution(
        channels: 6, filters: 18, size: (9, 20), kernel: (3, 5), stride: (2, 1), padding: (1, 2), groups: 6),
      PlainConvolution(
        channels: 10, filters: 5, size: (11, 9), kernel: (3, 3), stride: (2, 3), padding: (3, 1), dilation: (2, 1),
        groups: 5),
      PlainConvolution(channels: 4, filters: 4, size: (8, 7), kernel: (2, 2), stride: (3, 3), groups: 4),
      PlainConvolution(images: 1, channels: 210, filters: 210, size: (12, 11), padding: (1, 1), groups: 210),
      PlainConvolution(channels: 2, filters: 3, size: (81, 90), padding: (1, 1)),
      PlainConvolution(channels: 19, filters: 7, size: (5, 40), kernel: (1, 5), padding: (0, 2)),
      PlainConvolution(images: 0, channels: 3, filters: 3, padding: (1, 1), groups: 3),
    ] + ofManyChannels + depthwise

  /// Those of enough channels to fill vectors, the last of them partly.
  private static let depthwise: [PlainConvolution] = [
    PlainConvolution(images: 3, channels: 40, filters: 40, size: (7, 7), padding: (1, 1), groups: 40),
    PlainConvolution(channels: 19, filters: 19, size: (15, 14), stride: (2, 2), padding: (1, 1), groups: 19),
    PlainConvolution(
      channels: 16, filters: 16, size: (9, 33), kernel: (5, 4), stride: (3, 2), padding: (2, 3), dilation: (2, 1),
      groups: 16),
    PlainConvolution(channels: 12, filters: 12, size: (8, 7), kernel: (2, 2), stride: (3, 3), groups: 12),
    PlainConvolution(channels: 9, filters: 9, size: (6, 5), kernel: (1, 3), stride: (2, 2), groups: 9),
    PlainConvolution(channels: 8, filters: 8, size: (2, 3), padding: (2, 2), groups: 8),
    PlainConvolution(channels: 10, filters: 10, size: (6, 5), kernel: (2, 3), padding: (3, 3), groups: 10),
    PlainConvolution(images: 1, channels: 8, filters: 8, size: (80, 82), padding: (1, 1), groups: 8),
    PlainConvolution(images: 70, channels: 17, filters: 17, size: (4, 5), padding: (1, 1), groups: 17),
    PlainConvolution(images: 0, channels: 16, filters: 16, padding: (1, 1), groups: 16),
  ]

  /// Those that are computed at points.
  private static let ofManyChannels: [PlainConvolution] = [
    PlainConvolution(channels: 64, filters: 80, size: (10, 9), padding: (1, 1)),
    PlainConvolution(images: 1, channels: 96, filters: 64, size: (7, 5), padding: (0, 2)),
    PlainConvolution(images: 3, channels: 64, filters: 64, size: (2, 3), padding: (2, 1)),
    PlainConvolution(images: 1, channels: 64, filters: 64, size: (2, 2), padding: (2, 2)),
    PlainConvolution(images: 2, channels: 16, filters: 32, size: (9, 250), padding: (1, 1)),
    PlainConvolution(images: 9, channels: 64, filters: 64, size: (12, 13), padding: (1, 1)),
    PlainConvolution(images: 0, channels: 64, filters: 64, padding: (1, 1)),
    PlainConvolution(images: 5, channels: 32, filters: 48, size: (9, 11), padding: (1, 1)),
    PlainConvolution(images: 1, channels: 32, filters: 512, size: (5, 100), padding: (1, 1)),
  ]

  private static func values(_ shape: [Int], seed: Int) -> Tensor {
    Tensor.randn(shape, dtype: .float64, generator: RandomGenerator(seed: UInt64(seed)))
  }

  private static func distance(_ a: Tensor, _ b: Tensor) -> Double {
    zip(a.array(of: Double.self), b.array(of: Double.self)).map { abs($0 - $1) }.max() ?? 0
  }

  /// Runs `body` with the generic kernels, and with the fast ones for vectors of every length that there is.
  private func withAllKernels(_ body: (String) throws -> Void) rethrows {
    try Kernels.choosing(generic: true) { try body("generic kernels") }
    try Kernels.choosing(generic: false) {
      for bytes in [16, 32, 64] {
        try Kernels.limitingVectors(to: bytes) { try body("vectors of at most \(bytes) bytes") }
      }
    }
  }

  @Test(arguments: shapes.indices)
  func outputAndGradientsAreThoseOfPlainLoops(index: Int) throws {
    let shape = Self.shapes[index]
    let inputs = [shape.inputShape, shape.weightShape, [shape.filters]].enumerated().map {
      Self.values($1, seed: $0 + 10 * index)
    }
    let gradient = Self.values(shape.outputShape, seed: 99)
    let expected = shape.computed(
      inputs[0].array(), inputs[1].array(), inputs[2].array(), gradient.array())
    try withAllKernels { kernels in
      for (dtype, tolerance) in [(DataType.float64, 1e-13), (.float32, 1e-6)] {
        let leaves = inputs.map { $0.cast(to: dtype).detached() }
        leaves.forEach { $0.requiresGrad = true }
        let result = shape(leaves[0], leaves[1], leaves[2])
        // Twice, the second time with the bias's and weight's gradients added to the first ones.
        for _ in 0..<2 { try result.backward(gradient: gradient.cast(to: dtype), retainGraph: true) }
        let found = [result] + leaves.compactMap { $0.grad.map { grad in grad / 2 } }
        try #require(found.count == 4)
        for (part, (found, expected)) in zip(found, expected).enumerated() {
          let scale = expected.map(abs).max() ?? 0
          let worst = zip(found.array(of: Double.self), expected).map { abs($0 - $1) }.max() ?? 0
          #expect(worst <= tolerance * 20 * max(scale, 1), "part \(part) of \(shape) in \(dtype), \(kernels)")
        }
      }
    }
  }

  @Test(arguments: shapes.indices.filter { shapes[$0].outputShape[2...].allSatisfy { $0 > 1 } })
  func poolingWithinTheConvolutionChangesNoResult(index: Int) throws {
    let shape = Self.shapes[index]
    try withAllKernels { kernels in
      for (dtype, tolerance) in [(DataType.float64, 1e-13), (.float32, 1e-6)] {
        let inputs = [shape.inputShape, shape.weightShape, [shape.filters]].enumerated().map {
          Self.values($1, seed: $0 + 10 * index).cast(to: dtype).detached()
        }
        inputs.forEach { $0.requiresGrad = true }
        let separate = shape(inputs[0], inputs[1], inputs[2]).relu().maxPool2d((2, 2))
        let joined = shape.pooled(inputs[0], inputs[1], inputs[2])
        #expect(
          Self.distance(joined, separate) <= tolerance * 20 * max(separate.array(of: Double.self).max() ?? 0, 1),
          "\(shape) in \(dtype), \(kernels)")
        let gradient = Self.values(separate.shape, seed: 98).cast(to: dtype)
        let gradients = try [separate, joined].map { result in
          inputs.forEach { $0.grad = nil }
          for _ in 0..<2 { try result.backward(gradient: gradient, retainGraph: true) }
          return try inputs.map { try #require($0.grad).array(of: Double.self) }
        }
        for (part, (expected, found)) in zip(gradients[0], gradients[1]).enumerated() {
          let scale = expected.map(abs).max() ?? 0
          let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
          #expect(worst <= tolerance * 20 * max(scale, 1), "gradient \(part) of \(shape) in \(dtype), \(kernels)")
        }
      }
    }
  }

  /// Frozen inputs get no gradient, and the others the same as without them.
  @Test func onlyWantedGradientsArePooledOnes() throws {
    let shape = PlainConvolution(channels: 16, filters: 16, padding: (1, 1))
    let inputs = [shape.inputShape, shape.weightShape, [16]].enumerated().map { Self.values($1, seed: $0) }
    func gradients(wanted: Set<Int>) throws -> [[Double]?] {
      let leaves = inputs.map { $0.detached() }
      for i in wanted { leaves[i].requiresGrad = true }
      try shape.pooled(leaves[0], leaves[1], leaves[2]).sum().backward()
      return leaves.map { $0.grad?.array() }
    }
    let all = try gradients(wanted: [0, 1, 2])
    for wanted in [Set([0]), [1], [2], [0, 1], [0, 2], [1, 2]] {
      let found = try gradients(wanted: wanted)
      for i in 0..<3 { #expect(found[i] == (wanted.contains(i) ? all[i] : nil)) }
    }
  }

  /// As in PyTorch, the first of equal maxima has the gradient, and a NaN is larger than anything.
  @Test func tiesAndNotANumber() throws {
    let values: [Float] = [1, 1, .nan, 2, -1, -2, 0, 0, 1, 1, .nan, .nan, -3, -1, -0.0, -1]
    let weight = Tensor.ones([16, 1, 1, 1])
    try withAllKernels { kernels in
      let outcomes = try [false, true].map { joined in
        let x = Tensor(values, shape: [1, 1, 2, 8])
        x.requiresGrad = true
        let y = joined ? x.pooledConv2d(weight) : x.conv2d(weight).relu().maxPool2d((2, 2))
        try y.sum().backward()
        return (y.array(of: Float.self).map(\.bitPattern), try #require(x.grad).array(of: Float.self))
      }
      #expect(outcomes[0].0 == outcomes[1].0, "\(kernels)")
      #expect(outcomes[0].1 == outcomes[1].1, "\(kernels)")
      #expect(outcomes[1].1.prefix(3) == [16, 0, 16], "\(kernels)")
    }
  }

  /// The weights that meet no infinite pixel have finite gradients, in convolutions of few filters, too.
  @Test func infinitePixelsReachOnlyTheWeightsThatMeetThem() throws {
    try withAllKernels { kernels in
      let x = Tensor.ones([1, 2, 6, 6])
      let between = Tensor.ones([2, 1, 2, 2])
      let last = Tensor.ones([2, 1, 3, 3])
      for weight in [between, last] { weight.requiresGrad = true }
      try x[0, 0, 2, 2].fill(.infinity)
      try x.conv2d(between, stride: (3, 3), groups: 2).sum().backward()
      #expect(between.grad?.array(of: Float.self) == Array(repeating: 4, count: 8), "\(kernels)")
      try x.fill(1)
      try x[0, 0, 5, 5].fill(.infinity)
      for count in 1...2 {
        try x.conv2d(last, groups: 2).sum().backward()
        let ones = Array(repeating: Float(16 * count), count: 8)
        #expect(last.grad?.array(of: Float.self) == ones + [.infinity] + ones + [Float(16 * count)], "\(kernels)")
      }
    }
  }

  /// The mean error of what is computed at points is at most eight times that of sums.
  @Test func resultsAtPointsAreAlmostAsExactAsSums() throws {
    let shape = PlainConvolution(images: 4, channels: 64, filters: 64, size: (16, 16), padding: (1, 1))
    let inputs = [shape.inputShape, shape.weightShape, shape.outputShape].enumerated().map {
      Self.values($1, seed: $0).cast(to: .float32)
    }
    func results(_ dtype: DataType, generic: Bool) throws -> [[Double]] {
      let leaves = inputs.map { $0.cast(to: dtype).detached() }
      leaves[..<2].forEach { $0.requiresGrad = true }
      return try Kernels.choosing(generic: generic) {
        let y = shape(leaves[0], leaves[1], nil)
        try y.backward(gradient: leaves[2])
        return try [y, #require(leaves[0].grad), #require(leaves[1].grad)].map { $0.array(of: Double.self) }
      }
    }
    let exact = try results(.float64, generic: true)
    func errors(generic: Bool) throws -> [Double] {
      let found = try results(.float32, generic: generic)
      return found.indices.map { part in
        zip(found[part], exact[part]).reduce(0) { sum, pair in sum + (pair.0 - pair.1) * (pair.0 - pair.1) }
      }
    }
    for (atPoints, ofSums) in try zip(errors(generic: false), errors(generic: true)) {
      #expect(atPoints > ofSums / 64 && atPoints < 64 * ofSums)
    }
  }

  /// So have the results and the pixels, in convolutions of many channels.
  @Test func infinitePixelsReachOnlyTheResultsThatSeeThem() throws {
    try withAllKernels { kernels in
      let (x, weight) = (Tensor.ones([1, 64, 8, 8]), Tensor.ones([64, 64, 3, 3]))
      let gradient = Tensor.ones([1, 64, 8, 8])
      try x[0, 0, 4, 4].fill(.infinity)
      try gradient[0, 0, 2, 2].fill(.infinity)
      for leaf in [x, weight] { leaf.requiresGrad = true }
      let y = x.conv2d(weight, padding: (1, 1))
      for _ in 1...2 { try y.backward(gradient: gradient, retainGraph: true) }
      let (dx, dw) = try (#require(x.grad), #require(weight.grad))
      for (result, center) in [(y, 4), (dx, 2)] {
        let isNear = (0..<64).map { abs($0 / 8 - center) <= 1 && abs($0 % 8 - center) <= 1 }
        #expect(result[0, 5].array(of: Float.self).map(\.isInfinite) == isNear, "\(kernels)")
        #expect(result.isNaN().any().item() == 0, "\(kernels)")
      }
      #expect(dw[3, 5].array(of: Float.self) == [98, 112, 98, 112, 128, 112, 98, 112, 98], "\(kernels)")
      #expect(dw[3, 0].isInfinite().all().item() == 1 && dw[0, 3].isInfinite().all().item() == 1, "\(kernels)")
    }
  }

  @Test func derivativesWithPooling() throws {
    let shape = PlainConvolution(images: 1, channels: 2, filters: 8, size: (4, 5), padding: (1, 0))
    let inputs = [shape.inputShape, shape.weightShape, [8]].enumerated().map { Self.values($1, seed: $0) }
    let function = DifferentiatedFunction(inputs) { shape.pooled($0[0], $0[1], $0[2]) }
    #expect(try function.recordingError() < 1e-12)
    #expect(try function.firstDerivativeError() < 1e-7)
    #expect(try function.secondDerivativeError() < 1e-6)
  }

  /// The same bits whatever else is in the batch.
  @Test func imagesDoNotDependOnEachOther() {
    for (channels, filters) in [(16, 32), (64, 96)] {
      let shape = PlainConvolution(
        images: 5, channels: channels, filters: filters, size: (14, 14), padding: (1, 1))
      let x = Self.values(shape.inputShape, seed: 1).cast(to: .float32)
      let weight = Self.values(shape.weightShape, seed: 2).cast(to: .float32)
      for convolve in [{ shape($0, weight, nil) }, { shape.pooled($0, weight, nil) }] as [(Tensor) -> Tensor] {
        let whole = convolve(x).array(of: Float.self)
        let parts = (0..<5).flatMap { convolve(x[$0..<($0 + 1)]).array(of: Float.self) }
        #expect(whole == parts)
      }
    }
  }

  @Test func layersInARowAreJoinedOnlyWhenTheyAreThose() throws {
    let convolution = Conv2d(8, 16, kernel: 3, padding: 1)
    let x = Tensor.rand([2, 8, 6, 6])
    func name(_ layers: any Layer...) -> String? { Sequential(layers)(x).gradientFunction?.name }
    #expect(name(convolution, ReLU(), MaxPool2d(2)) == "PooledConvolutionBackward0")
    for other in [MaxPool2d(3), MaxPool2d(2, stride: 1), MaxPool2d(2, padding: 1)] {
      #expect(name(convolution, ReLU(), other) == "MaxPool2DWithIndicesBackward0")
    }
    #expect(name(convolution, MaxPool2d(2)) == "MaxPool2DWithIndicesBackward0")
    #expect(name(convolution, ReLU()) == "ReluBackward0")
    let joined = Sequential(convolution, ReLU(), MaxPool2d(2), Flatten())(x)
    #expect(joined.array(of: Float.self) == convolution(x).relu().maxPool2d((2, 2)).array(of: Float.self))
  }
}
