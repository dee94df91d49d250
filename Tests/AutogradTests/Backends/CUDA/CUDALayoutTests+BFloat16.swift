import Autograd
import TestSupport
import Testing

/// What is kept in bfloat16, and what is not.
extension CUDALayoutTests {
  /// Images in bfloat16 that are convolved, added up, and convolved again.
  @Test func sumsOfBFloat16() throws {
    try expectSame("bfloat16", in: .bfloat16) { draws in
      let x = draws.quarters([2, 3, 5, 6]), weights = (0..<2).map { _ in draws.quarters([4, 3, 3, 3]) }
      let image = x * 1
      let y = (image.conv2d(weights[0], bias: draws.quarters([4])) + image.conv2d(weights[1])).relu()
      expectOrder(y, draws)
      let z = y.conv2d(draws.quarters([2, 4, 1, 1]))
      return try [y, z] + gradients(of: z, [x] + weights, draws)
    }
  }

  /// The activations that are computed on bfloat16, forward and backward, and a function that is not.
  @Test func activations() throws {
    let functions: [(Tensor) -> Tensor] = [
      { -$0 }, { $0.relu() }, { $0.leakyReLU(negativeSlope: 0.125) }, { $0.tanh() }, { $0.sigmoid() },
      { $0.silu() }, { $0.hardswish() }, { $0.gelu() }, { $0.gelu(approximation: .tanh) },
    ]
    for (place, function) in functions.enumerated() {
      try expectSame("function \(place)", in: .bfloat16) { draws in
        let x = convolved(draws)
        let y = function(x)
        expectOrder(y, draws)
        return try [y] + gradients(of: y, [x], draws)
      }
    }
    let exact: [(Tensor) -> Tensor] = [
      { $0.tanh().exp() }, { $0.softplus() }, { $0.elu() }, { $0.pow(3) }, { 1 / ($0 * 0 + 4) },
      { $0 * Tensor([1.25]).to($0.device) }, { $0.prelu(Tensor([0.25]).to($0.device)) },
      { $0.prelu(Tensor([0.25, 0.5, 2]).to($0.device)) },
    ]
    for (place, function) in exact.enumerated() {
      try expectSame("exact function \(place)", in: .bfloat16) { draws in
        let x = convolved(draws)
        let y = function(x)
        #expect(!y.layout.isBFloat16, "\(place)")
        return try [y] + gradients(of: y, [x], draws)
      }
    }
  }

  /// The largest of elements that bfloat16 cannot tell apart get the gradient, though that comes in bfloat16.
  @Test func poolingOfFloat32() throws {
    try expectSame("pooling", in: .bfloat16) { draws in
      let x = (draws.quarters([2, 3, 6, 8]).detached() * 0.001 + 1).detached()
      x.requiresGrad = true
      let largest = (x * 1).maxPool2d((2, 2))
      let y = largest.conv2d(draws.quarters([4, 3, 2, 2]))
      #expect(largest.layout == .plain)
      return try [largest, y] + gradients(of: y, [x], draws)
    }
  }

  /// What float32 is added to is float32, forward and backward, in one operation as in several.
  @Test func residualOfFloat32() throws {
    try expectSame("residual", in: .bfloat16) { draws in
      let x = convolved(draws, [2, 8, 5, 6]), residual = draws.normal([2, 8, 5, 6])
      let sum = BatchNorm2d(8).to(draws.device).rectified(x, adding: residual)
      #expect(sum.layout == Layout(isChannelsLast: draws.device != .cpu))
      let all = try [sum] + gradients(of: sum, [residual], draws)
      if draws.device != .cpu {
        let alone = BatchNorm2d(8).to(draws.device)
        let expected = (alone(x.cpu().cuda()) + residual).relu()
        #expect((expected - sum).abs().maximum().item() < 1e-5)
      }
      return all
    }
  }

  /// Gradients of one image through two convolutions, whose sum has more digits than bfloat16; and those of filters.
  @Test func sumsOfGradients() throws {
    let draws = try DrawnTensors(seed: 1, device: EmulatedGPU.device())
    func filters(_ value: Double) -> Tensor {
      let filters = Tensor.full([2, 2, 1, 1], value).to(draws.device)
      filters.requiresGrad = true
      return filters
    }
    try Kernels.choosing(generic: false) {
      try withProductPrecision(.bfloat16) {
        let leaf = draws.normal([1, 2, 3, 4]), (large, small) = (filters(256), filters(1))
        let image = leaf * 1
        let sum = image.conv2d(large).sum() + image.conv2d(small).sum()
        try sum.backward()
        #expect(leaf.grad?.array(of: Float.self) == [Float](repeating: 514, count: 24))
        let y = (leaf * 1).conv2d(large)
        let captured = try gradients(of: y.sum(), withRespectTo: [large])
        #expect(captured.allSatisfy { $0.layout == .plain })
      }
    }
  }

  /// No part of a long sum is rounded to bfloat16, in which 257 is 256.
  @Test func longSumsOfBFloat16() throws {
    let device = try EmulatedGPU.device()
    withProductPrecision(.bfloat16) {
      let row: [Float] = [256, 1] + Array(repeating: 0, count: 254) + [-256] + Array(repeating: 0, count: 255)
      let x = Tensor(Array(repeating: row, count: 512).flatMap { $0 }, shape: [512, 512]).to(device)
      let y = x.linear(.ones([512, 512], device: device))
      #expect(y.layout.isBFloat16)
      #expect(y.array(of: Float.self).allSatisfy { $0 == 1 })
    }
  }

  /// Convolutions in groups, in the order of the shape, of images that are kept in another, and what follows them in both.
  @Test(arguments: 0..<4) func groupsOfBFloat16(seed: UInt64) throws {
    try expectSame("groups", in: .bfloat16, seed: seed) { draws in
      let inOrder = Layout(isBFloat16: draws.device != .cpu)
      let x = convolved(draws, [2, 4, 5, 6]), weight = draws.quarters([4, 2, 3, 3])
      let point = draws.quarters([4, 4, 1, 1])
      let y = x.conv2d(weight, padding: (1, 1), groups: 2)
      let largest = y.relu().maxPool2d((2, 2), stride: (1, 1))
      let sum = BatchNorm2d(4).to(draws.device).rectified(y, adding: y)
      for images in [y, largest, sum] { #expect(images.layout == inOrder) }
      // Both look at the same elements where they lie.
      let last = sum.conv2d(point)
      let mixed = last + sum
      for images in [x, last, mixed] { expectOrder(images, draws) }
      #expect(sum.layout == inOrder)
      let again = mixed.conv2d(weight, groups: 2)
      #expect(again.layout == inOrder)
      return try [y, largest, last, mixed, again] + gradients(of: again, [x, weight, point], draws)
    }
  }

  /// What is combined with elements of float32 is kept as float32, and so are gradients of filters.
  @Test func whatIsNotRounded() throws {
    let draws = try DrawnTensors(seed: 1, device: EmulatedGPU.device())
    try Kernels.choosing(generic: false) {
      try withProductPrecision(.bfloat16) {
        let x = convolved(draws), other = draws.quarters(x.shape)
        let sum = x + other * 0.001
        #expect(sum.layout == Layout(isChannelsLast: true))
        let (narrow, added) = (x.array(of: Float.self), other.array(of: Float.self))
        #expect(sum.array(of: Float.self) == zip(narrow, added).map { $0 + $1 * 0.001 })
        let weight = draws.quarters([3, 3, 2, 2])
        for times in 1...2 {
          try x.conv2d(weight).sum().backward()
          let gradient = try #require(weight.grad)
          #expect(gradient.layout == .plain && gradient.shape == weight.shape, "\(times)")
        }
        // Single numbers are not rounded: 1 + 2^-9 times a number of few bits is rounded once, as the result.
        let scaled = (x * 1.001953125).array(of: Float.self)
        #expect(scaled == narrow.map { nearestBFloat16($0 * 1.001953125) })
        let leaky = x.leakyReLU(negativeSlope: 1.001953125).array(of: Float.self)
        #expect(leaky == narrow.map { $0 > 0 ? $0 : nearestBFloat16($0 * 1.001953125) })
        // Losses are of float32: 256 less a few quarters takes more digits than bfloat16 has.
        let far = convolved(draws).detached() * 0 + 256
        expectOrder(far, draws)
        let differences = narrow.map { 256 - $0 }
        #expect(l1Loss(far * 1, x * 1, reduction: .none).array(of: Float.self) == differences)
        #expect(smoothL1Loss(far * 1, x * 1, reduction: .none).array(of: Float.self) == differences.map { $0 - 0.5 })
        let squares = meanSquaredError(far * 1, x * 1, reduction: .none)
        #expect(squares.array(of: Float.self) == differences.map { $0 * $0 })
      }
    }
  }

  /// Gradients that are taken with more digits than the forward pass took are those of the weights, not of their copies.
  @Test func gradientsInFloat32() throws {
    let draws = try DrawnTensors(seed: 1, device: EmulatedGPU.device())
    func gradient(_ y: (Tensor) -> Tensor, shape: [Int]) throws -> [Float] {
      let x = Tensor.zeros(shape).to(draws.device)
      x.requiresGrad = true
      // From then on cuDNN is known to compute both, and the forward pass keeps its filters.
      try withProductPrecision(.bfloat16) { try y(x).sum().backward() }
      x.grad = nil
      try withProductPrecision(.bfloat16) { y(x).sum() }.backward()
      return try #require(x.grad).array(of: Float.self)
    }
    try Kernels.choosing(generic: false) {
      // 1 + 2^-10 is 1 in bfloat16.
      let weight = Tensor.full([512, 512], 1.0009765625).to(draws.device)
      let filters = Tensor.full([4, 2, 1, 1], 1.0009765625).to(draws.device)
      let ofProduct = try gradient({ $0.linear(weight) }, shape: [512, 512])
      let ofConvolution = try gradient({ $0.conv2d(filters) }, shape: [1, 2, 3, 3])
      #expect(Set(ofProduct) == [512.5] && Set(ofConvolution) == [4.00390625])
    }
  }

  /// Layers that are large enough for their results to be kept in bfloat16, with functions after them; of whole packs of
  /// columns, and of others.
  @Test(arguments: 0..<6, [520, 513])
  func layers(activation: Int, columns: Int) throws {
    try expectSame("layers", in: .bfloat16) { draws in
      manualSeed(1)
      let activations: [any Layer] = [Sequential(), ReLU(), Sigmoid(), Tanh(), GELU(), GELU(approximation: .tanh)]
      let linear = Linear(12, columns).to(draws.device)
      // Of so few digits that no sum changes its sign, and with it what passes a ReLU.
      for parameter in linear.parameters {
        try noGrad {
          try parameter -= parameter
          try parameter += draws.quarters(parameter.shape)
        }
      }
      let first = Sequential(linear, activations[activation], Linear(columns, 512, bias: false)).to(draws.device)
      let last = Linear(512, 10).to(draws.device)
      let x = draws.quarters([516, 12])
      let y = first(x)
      #expect(y.layout == Layout(isBFloat16: draws.device != .cpu))
      let z = last(y)
      #expect(z.layout == .plain && y.layout == Layout(isBFloat16: draws.device != .cpu))
      let all = try [y, z] + gradients(of: z, [x] + first.parameters + last.parameters, draws)
      #expect(all.dropFirst().allSatisfy { $0.layout == .plain })
      return all
    }
  }

  private func nearestBFloat16(_ x: Float) -> Float {
    Float(bitPattern: (x.bitPattern + 0x7fff + (x.bitPattern >> 16 & 1)) & 0xffff_0000)
  }
}
