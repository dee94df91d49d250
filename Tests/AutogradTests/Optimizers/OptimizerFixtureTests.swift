import Autograd
import TestSupport
import Testing

/// Optimizers, schedules and clipping against PyTorch's, step by step.
@Suite struct OptimizerFixtureTests {
  @Test(arguments: OptimizerFixture.all.optimizers.indices)
  func everyStepIsPyTorchs(index: Int) {
    let run = OptimizerFixture.all.optimizers[index]
    let weight = run.initial.tensor
    weight.requiresGrad = true
    let optimizer = run.makeOptimizer([weight])
    for (gradient, expected) in zip(run.gradients, run.after_each_step) {
      optimizer.zeroGrad()
      weight.grad = Tensor(gradient, shape: weight.shape)
      optimizer.step()
      expectClose(weight, expected.map { Float($0) }, "\(run)")
    }
  }

  @Test(arguments: OptimizerFixture.adaptive.indices)
  func everyStepIsPyTorchsInDoublePrecision(index: Int) {
    let run = OptimizerFixture.adaptive[index]
    let weight = run.initial.tensor.cast(to: .float64)
    let optimizer = run.makeOptimizer([weight])
    for (gradient, expected) in zip(run.gradients, run.after_each_step) {
      weight.grad = Tensor(gradient, shape: weight.shape).cast(to: .float64)
      optimizer.step()
      for (a, b) in zip(weight.array(of: Double.self), expected) {
        #expect(abs(a - b) < 1e-14, "\(run): \(a) instead of \(b)")
      }
    }
  }

  @Test(arguments: OptimizerFixture.all.optimizers.indices)
  func aResumedRunGoesOnBitForBit(index: Int) throws {
    let run = OptimizerFixture.all.optimizers[index]
    let straight = run.initial.tensor
    let first = run.makeOptimizer([straight])
    for gradient in run.gradients.prefix(4) {
      straight.grad = Tensor(gradient, shape: straight.shape)
      first.step()
    }
    let resumed = straight.cloned()
    let second = run.makeOptimizer([resumed])
    try second.load(stateDictionary: first.stateDictionary())
    for gradient in run.gradients.dropFirst(4) {
      for (weight, optimizer) in [(straight, first), (resumed, second)] {
        weight.grad = Tensor(gradient, shape: weight.shape)
        optimizer.step()
      }
    }
    #expect(straight.array(of: Float.self) == resumed.array(of: Float.self), "\(run)")
  }

  @Test(arguments: OptimizerFixture.all.optimizers.indices)
  func theGradientScaleMultipliesGradients(index: Int) {
    let run = OptimizerFixture.all.optimizers[index]
    let weight = run.initial.tensor
    let optimizer = run.makeOptimizer([weight])
    for (gradient, expected) in zip(run.gradients, run.after_each_step) {
      weight.grad = Tensor(gradient.map { $0 * 4 }, shape: weight.shape)
      optimizer.step(gradientScale: 0.25)
      expectClose(weight, expected.map { Float($0) }, "\(run)")
    }
  }

  @Test(arguments: OptimizerFixture.all.schedules.indices)
  func schedulesArePyTorchs(index: Int) throws {
    let fixture = OptimizerFixture.all.schedules[index]
    let args = fixture.args
    let schedule: any LearningRateSchedule =
      switch fixture.schedule {
      case "StepLR": StepLR(stepSize: try #require(args.step_size), factor: try #require(args.gamma))
      case "MultiStepLR": MultiStepLR(milestones: try #require(args.milestones), factor: try #require(args.gamma))
      case "ExponentialLR": ExponentialLR(factor: try #require(args.gamma))
      case "CosineAnnealingLR": CosineAnnealingLR(halfPeriod: try #require(args.T_max))
      case "LinearLR": LinearLR(from: try #require(args.start_factor), stepCount: try #require(args.total_iters))
      default: OneCycleLR(maximum: try #require(args.max_lr), stepCount: try #require(args.total_steps))
      }
    for (step, expected) in fixture.lr_at_step.enumerated() {
      let rate = schedule.learningRate(at: step, base: fixture.base_lr)
      #expect(abs(rate - expected) <= 1e-14, "\(fixture.schedule) at step \(step): \(rate) instead of \(expected)")
    }
  }

  /// The norm in double precision, and the same bits for any number of threads that share its blocks.
  @Test(arguments: [DataType.float32, .float64])
  func normsOfManyElements(dtype: DataType) {
    let gradient = Tensor.randn([300_001], dtype: dtype, generator: RandomGenerator(seed: 4))
    let parameter = Tensor.zeros(gradient.shape, dtype: dtype, requiresGrad: true)
    parameter.grad = gradient
    let expected = gradient.array(of: Double.self).reduce(0) { $0 + $1 * $1 }.squareRoot()
    let norms = [1, 2, 3].map { threads in LoopThreads.using(threads: threads) { gradientNorm([parameter]) } }
    #expect(abs(norms[0] - expected) < 1e-12 * expected && Set(norms).count == 1, "\(norms)")
  }

  @Test func clippingIsPyTorchs() {
    let fixture = OptimizerFixture.all.clip_grad_norm
    let parameters = fixture.gradients.map { gradient in
      let parameter = Tensor.zeros(gradient.shape, requiresGrad: true)
      parameter.grad = gradient.tensor
      return parameter
    }
    let norm = clipGradientNorm(parameters, to: fixture.max_norm)
    #expect(abs(norm - fixture.total_norm) < 1e-6 * norm)
    for (parameter, expected) in zip(parameters, fixture.clipped) {
      if let gradient = parameter.grad { expectClose(gradient, expected.data, "clipped") }
    }
    #expect(abs(gradientNorm(parameters) - fixture.max_norm) < 1e-6)
    let unchanged = parameters.map { $0.grad?.array(of: Float.self) }
    clipGradientNorm(parameters, to: 2)
    #expect(parameters.map { $0.grad?.array(of: Float.self) } == unchanged)
  }

  @Test func valuesAreMovedToTheNearestBound() async throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let parameters = (0..<2).map { _ in Tensor.zeros([4], device: device) }
      for parameter in parameters { parameter.requiresGrad = true }
      let gradient = Tensor([-3.0, 0.5, 0.25, .infinity]).to(device)
      parameters[0].grad = gradient
      clipGradientValues(parameters, to: 0.5)
      #expect(parameters[0].grad?.array(of: Float.self) == [-0.5, 0.5, 0.25, 0.5] && parameters[1].grad == nil)
      #expect(parameters[0].grad === gradient)
    }
    let limit = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      clipGradientValues([Tensor(1.0)], to: -1)
    }
    expect(limit, says: "clipGradientValues to a limit of -1.0, expected at least 0")
  }

  @Test func fixtureHasEveryOptimizerAndSchedule() {
    #expect(Set(OptimizerFixture.all.optimizers.map(\.optimizer)).count == 8)
    #expect(Set(OptimizerFixture.all.schedules.map(\.schedule)).count == 6)
  }

  /// Within two units in the last place of the largest element.
  private func expectClose(_ found: Tensor, _ expected: [Float], _ what: String) {
    let found = found.array(of: Float.self)
    let slack = 2 * (expected.map(abs).max() ?? 0).ulp
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) <= slack, "\(what): \(a) instead of \(b)") }
  }
}
