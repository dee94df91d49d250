import Autograd
import Testing
import TestSupport

/// Training steps on a GPU, against the same on the processor.
@Suite struct CUDATrainingTests {
  // No bias before the normalization: its gradient would be nothing but rounding.
  private func model() -> Sequential {
    let generator = RandomGenerator(seed: 5)
    return Sequential(
      Linear(6, 8, bias: false, generator: generator), BatchNorm1d(8), ReLU(), Linear(8, 3, generator: generator))
  }

  private let inputs = Tensor.randn([16, 6], generator: RandomGenerator(seed: 6))
  private let labels = Tensor.randint(0..<3, [16], generator: RandomGenerator(seed: 7))

  /// The losses of some steps, and the parameters after them.
  private func train(
    on device: Device, steps: Int = 5, _ makeOptimizer: ([Tensor]) -> any Optimizer
  ) throws -> (losses: [Double], state: [(name: String, tensor: Tensor)]) {
    let model = model().to(device)
    let arena = ParameterArena(model, tailCount: 2)
    #expect(arena.device == device)
    let optimizer = makeOptimizer([arena.flat])
    let (x, y) = (inputs.to(device), labels.to(device))
    let losses = try (0..<steps).map { _ in
      arena.zeroGrad()
      let loss = crossEntropy(model(x), y)
      try loss.backward()
      optimizer.step()
      return loss.item()
    }
    return (losses, model.stateDictionary())
  }

  private static let optimizers: [@Sendable ([Tensor]) -> any Optimizer] = [
    { SGD($0, .init(learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true)) },
    { Adam($0, .init(learningRate: 0.01, weightDecay: 0.01)) },
    { AdamW($0, .init(learningRate: 0.01)) },
    { NAdam($0, .init(learningRate: 0.01, weightDecay: 0.01)) },
    { RAdam($0, .init(learningRate: 0.01)) },
    { RMSprop($0, .init(momentum: 0.5)) },
    { Adagrad($0, .init(learningRateDecay: 0.1)) },
    { Adadelta($0, .init(weightDecay: 0.01)) },
  ]

  @Test(arguments: optimizers.indices)
  func optimizersAgreeWithTheProcessor(_ index: Int) throws {
    let here = try train(on: .cpu, Self.optimizers[index])
    let there = try train(on: EmulatedGPU.device(), Self.optimizers[index])
    for (a, b) in zip(here.losses, there.losses) { #expect(abs(a - b) < 2e-5, "\(here.losses) \(there.losses)") }
    for (a, b) in zip(here.state, there.state) {
      for (x, y) in zip(a.tensor.array(of: Double.self), b.tensor.array(of: Double.self)) {
        #expect(abs(x - y) < 1e-4, "\(a.name)")
      }
    }
  }

  @Test func stateGoesFromOneDeviceToTheOther() throws {
    let gpu = try EmulatedGPU.device()
    let there = model().to(gpu)
    let optimizer = Adam(there.parameters, .init())
    try crossEntropy(there(inputs.to(gpu)), labels.to(gpu)).backward()
    optimizer.step()
    let here = model()
    try here.load(stateDictionary: there.stateDictionary())
    #expect(here.stateDictionary().allSatisfy { $0.tensor.device == .cpu })
    let resumed = Adam(here.parameters, .init())
    try resumed.load(stateDictionary: optimizer.stateDictionary())
    for (a, b) in zip(resumed.stateDictionary(), optimizer.stateDictionary()) {
      #expect(a.name == b.name && a.tensor.array(of: Double.self) == b.tensor.array(of: Double.self))
    }
    try there.load(stateDictionary: here.stateDictionary())
    #expect(there.stateDictionary().allSatisfy { $0.tensor.device == gpu })
  }

  @Test func gradientsAreClippedWhereTheyAre() throws {
    let x = Tensor([3.0, 4], device: try EmulatedGPU.device(), requiresGrad: true)
    try (x * x).sum().backward()
    #expect(clipGradientNorm([x], to: 1) == 10)
    #expect(abs(gradientNorm([x]) - 1) < 1e-6)
  }

  @Test func theTailOfAnArenaIsReadAndWritten() throws {
    let arena = ParameterArena(model().to(try EmulatedGPU.device()), tailCount: 2)
    arena.tailValues = [1.5, 64]
    #expect(arena.tailValues == [1.5, 64])
    #expect(arena.fillMissingGradients().count == arena.parameters.count)
  }
}
