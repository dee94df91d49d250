import Autograd
import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

/// Replicas on the emulated GPU.
struct CUDAReplicaTests {
  private func model(dropout: Bool = false) -> Sequential {
    let generator = RandomGenerator(seed: 5)
    let middle: any Layer = dropout ? Dropout(0.5) : BatchNorm1d(8)
    return Sequential(Linear(6, 8, generator: generator), middle, ReLU(), Linear(8, 3, generator: generator))
  }

  private let batches = [8, 8, 8, 8, 3, 8, 8, 0, 8].enumerated().map { index, count in
    Batch(
      inputs: .randn([count, 6], generator: RandomGenerator(seed: UInt64(index))),
      targets: .randint(0..<3, [count], generator: RandomGenerator(seed: UInt64(100 + index))))
  }

  private func outcomes(
    on device: Device, dropout: Bool = false, recordsSteps: Bool = true
  ) throws -> (losses: [Double], weights: [Double]) {
    manualSeed(1)
    let replica = try Replica(
      model(dropout: dropout).to(device), SGD.Options(learningRate: 0.1, momentum: 0.9),
      communicator: LocalCommunicator(), recordsSteps: recordsSteps)
    let losses = try batches.map { try replica.step($0).loss }
    return (losses, replica.arena.flat.array())
  }

  /// The third full batch is recorded and the later ones repeat it; a short and an empty one come between.
  @Test func `steps that repeat what was recorded are those of the processor`() throws {
    let (here, there) = (try outcomes(on: .cpu), try outcomes(on: EmulatedGPU.device()))
    for (a, b) in zip(here.losses, there.losses) { #expect(abs(a - b) < 1e-5, "\(here.losses)\n\(there.losses)") }
    for (a, b) in zip(here.weights, there.weights) { #expect(abs(a - b) < 1e-5) }
  }

  /// The GPU draws the dropout of each step, whether that is repeated or not.
  @Test func `recorded steps drop what others do`() throws {
    let device = try EmulatedGPU.device()
    let recorded = try outcomes(on: device, dropout: true)
    let computed = try outcomes(on: device, dropout: true, recordsSteps: false)
    #expect(recorded.losses == computed.losses && recorded.weights == computed.weights)
  }

  @Test func `recorded steps of normalizations have the bits of others`() throws {
    func state(recordsSteps: Bool) throws -> [[Double]] {
      manualSeed(2)
      var options = TransformerEncoderLayer.Options(feedForward: 8, dropout: 0)
      options.normFirst = true
      let model = Sequential(
        Unflatten(1, [1, 6, 4]), Conv2d(1, 4, kernel: 3, padding: 1), ResidualBlock(4, 4), Flatten(),
        Unflatten(1, [24, 4]), TransformerEncoderLayer(4, heads: 1, options), Flatten(), Linear(96, 3))
      let replica = try Replica(
        model.to(EmulatedGPU.device()), SGD.Options(learningRate: 0.1), communicator: LocalCommunicator(),
        recordsSteps: recordsSteps)
      for seed in 0..<5 {
        let inputs = Tensor.randn([4, 24], generator: RandomGenerator(seed: UInt64(seed)))
        _ = try replica.step(Batch(inputs: inputs, targets: Tensor([0, 1, 2, 1])))
      }
      return model.stateDictionary().map { $0.tensor.array(of: Double.self) }
    }
    #expect(try state(recordsSteps: true) == state(recordsSteps: false))
  }

  @Test func `a loss that is not finite changes nothing`() throws {
    let device = try EmulatedGPU.device()
    let replica = try Replica(
      model().to(device), SGD.Options(learningRate: 0.1), communicator: LocalCommunicator(),
      recordsSteps: true)
    for batch in batches.prefix(4) { _ = try replica.step(batch) }
    let before = replica.arena.flat.array(of: Float.self)
    #expect(throws: NonfiniteLoss(rank: 0, step: 5)) { try replica.step(broken) }
    #expect(replica.arena.flat.array(of: Float.self) == before)
  }

  private static let rules: [any UpdateRule] = [
    SGDRule(learningRate: 0.1), SGDRule(learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true),
    AdamRule(learningRate: 0.01, weightDecay: 0.01), AdamWRule(learningRate: 0.01), RMSpropRule(momentum: 0.5),
    AdagradRule(learningRateDecay: 0.1), NAdamRule(weightDecay: 0.01), RAdamRule(learningRate: 0.01),
  ]

  /// The optimizer's step is part of what is recorded, with numbers that change from step to step.
  @Test(arguments: rules.indices)
  func `a recorded update has the bits of one that is asked for after the loss was read`(_ index: Int) throws {
    let device = try EmulatedGPU.device()
    func check<Rule: UpdateRule>(_ rule: Rule) throws {
      let replica = try Replica(
        model().to(device), rule, communicator: LocalCommunicator(), recordsSteps: true)
      let plain = model().to(device)
      let arena = ParameterArena(plain)
      let optimizer = ParameterOptimizer([arena.flat], rule)
      for (number, batch) in (batches + batches).enumerated() where batch.count > 0 {
        let outcome = try replica.step(batch)
        arena.zeroGrad()
        let loss = crossEntropy(plain(batch.inputs.to(device)), batch.targets.to(device), reduction: .sum)
        try loss.backward()
        #expect(outcome.loss == loss.item() / Double(batch.count), "step \(number)")
        optimizer.step(gradientScale: 1 / Double(batch.count))
      }
      #expect(replica.arena.flat.array(of: Float.self) == arena.flat.array(of: Float.self), "\(rule)")
    }
    try check(Self.rules[index])
  }

  /// The GPU finds the norm and scales the gradients down, in recorded steps and others, at learning rates that change.
  @Test(arguments: rules.indices)
  func `clipped updates are those of the processor`(_ index: Int) throws {
    let (device, limit) = (try EmulatedGPU.device(), 0.8)
    // No normalization, before which a bias has nothing but rounding for a gradient.
    func model() -> Sequential {
      let generator = RandomGenerator(seed: 5)
      return Sequential(Linear(6, 8, generator: generator), Tanh(), Linear(8, 3, generator: generator))
    }
    func check<Rule: UpdateRule>(_ rule: Rule) throws {
      let replica = try Replica(
        model().to(device), rule, communicator: LocalCommunicator(), gradientNormLimit: limit, recordsSteps: true)
      let plain = model()
      let optimizer = ParameterOptimizer(plain.parameters, rule)
      var norms: [Double] = []
      for (number, batch) in (batches + batches).enumerated() where batch.count > 0 {
        let rate = rule.learningRate / Double(1 + number % 4)
        replica.learningRate = rate
        _ = try replica.step(batch)
        optimizer.zeroGrad()
        try crossEntropy(plain(batch.inputs), batch.targets).backward()
        norms.append(clipGradientNorm(plain.parameters, to: limit))
        optimizer.learningRates = [rate]
        optimizer.step()
        for (a, b) in zip(replica.model.parameters, plain.parameters) {
          for (x, y) in zip(a.array(of: Float.self), b.array(of: Float.self)) {
            #expect(abs(x - y) < 1e-4, "\(rule), step \(number)")
          }
        }
      }
      #expect(norms.contains { $0 < limit } && norms.contains { $0 > limit }, "\(norms)")
    }
    try check(Self.rules[index])
  }

  /// A rule of somebody's own, made of tensor operations: the processor decides on its steps.
  private struct PlainDescent: UpdateRule {
    var learningRate: Double
    var stateNames: [String] { [] }
    func apply(_ update: ParameterUpdate) {
      do {
        try noGrad {
          let next = update.parameter.detached() - update.gradient * (learningRate * update.gradientScale)
          try update.parameter.copyElements(from: next)
        }
      } catch { Issue.record(error) }
    }
  }

  @Test func `steps of another rule are made after the loss was read`() throws {
    let device = try EmulatedGPU.device()
    let own = try Replica(
      model().to(device), PlainDescent(learningRate: 0.1), communicator: LocalCommunicator(),
      recordsSteps: true)
    let known = try Replica(
      model().to(device), SGDRule(learningRate: 0.1), communicator: LocalCommunicator(),
      recordsSteps: true)
    for batch in batches {
      #expect(try own.start(batch).isOver)
      _ = try known.step(batch)
    }
    for (a, b) in zip(own.arena.flat.array(of: Double.self), known.arena.flat.array(of: Double.self)) {
      #expect(abs(a - b) < 1e-6)
    }
    let before = own.arena.flat.array(of: Float.self)
    #expect(throws: NonfiniteLoss(rank: 0, step: own.stepCount + 1)) { try own.step(broken) }
    #expect(own.arena.flat.array(of: Float.self) == before)
  }

  private var broken: Batch { Batch(inputs: .full([8, 6], .infinity), targets: batches[0].targets) }

  private func replica(allowsNonfinite: Bool = false) throws -> Replica {
    try Replica(
      Linear(6, 3, generator: RandomGenerator(seed: 5)).to(EmulatedGPU.device()), AdamRule(learningRate: 0.01),
      communicator: LocalCommunicator(), allowsNonfinite: allowsNonfinite, recordsSteps: true)
  }

  @Test func `a step is started before the one before it is known`() throws {
    let (waiting, ahead) = (try replica(), try replica())
    let full = (0..<7).map { batches[$0 % 4] }
    let losses = try full.map { try waiting.step($0).loss }
    let started = try full.map { try ahead.start($0) }
    #expect(started.map(\.number) == Array(1...7))
    #expect(started.dropLast().allSatisfy { $0.isOver } && started.last?.isOver == false)
    #expect(try started.map { try $0.outcome().loss } == losses)
    #expect(try started.map { try $0.outcome().count } == full.map { Double($0.count) })
    #expect(ahead.arena.flat.array(of: Float.self) == waiting.arena.flat.array(of: Float.self))
  }

  /// Before anything is recorded, when it is, and when it is repeated.
  @Test(arguments: [0, 1, 2, 3, 5])
  func `a step after one whose loss is not finite is not made either`(_ good: Int) throws {
    let (disturbed, plain) = (try replica(), try replica())
    for index in 0..<good {
      for replica in [disturbed, plain] { _ = try replica.step(batches[index % 4]) }
    }
    let before = disturbed.arena.flat.array(of: Float.self)
    let first = try disturbed.start(broken)
    let expected = NonfiniteLoss(rank: 0, step: good + 1)
    #expect(throws: expected) { try disturbed.start(batches[0]) }
    #expect(throws: expected) { try first.outcome() }
    #expect(disturbed.arena.flat.array(of: Float.self) == before && disturbed.stepCount == good)
    // Whoever goes on does as if the two had not been.
    for index in 0..<6 {
      #expect(try disturbed.step(batches[index % 4]).loss == plain.step(batches[index % 4]).loss)
    }
    #expect(disturbed.arena.flat.array(of: Float.self) == plain.arena.flat.array(of: Float.self))
    let (a, b) = (try disturbed.gatherOptimizerState(), try plain.gatherOptimizerState())
    #expect(a.map(\.quantity) == b.map(\.quantity))
    for (x, y) in zip(a, b) { #expect(x.values.array(of: Double.self) == y.values.array(of: Double.self)) }
  }

  @Test func `an optimizer that goes on from another state is recorded anew`() throws {
    let (interrupted, plain) = (try replica(), try replica())
    for index in 0..<5 {
      for replica in [interrupted, plain] { _ = try replica.step(batches[index % 4]) }
    }
    let state = try interrupted.gatherOptimizerState().map { (quantity: $0.quantity, values: $0.values.cloned()) }
    try interrupted.restoreOptimizer(state)
    for index in 0..<5 {
      #expect(try interrupted.step(batches[index % 4]).loss == plain.step(batches[index % 4]).loss)
    }
    #expect(interrupted.arena.flat.array(of: Float.self) == plain.arena.flat.array(of: Float.self))
  }

  @Test func `a loss is told though what is done meanwhile fails`() throws {
    struct Failure: Error {}
    let (disturbed, plain) = (try replica(), try replica())
    let losses = try (0..<3).map { try plain.step(batches[$0]).loss }
    let first = try disturbed.start(batches[0])
    #expect(throws: Failure.self) { try disturbed.start(batches[1], meanwhile: { throw Failure() }) }
    let third = try disturbed.start(batches[2])
    #expect(try [first, third].map { try $0.outcome().loss } == [losses[0], losses[2]])
    _ = try disturbed.start(broken)
    #expect(throws: NonfiniteLoss(rank: 0, step: 4)) {
      try disturbed.start(batches[3], meanwhile: { throw Failure() })
    }
    #expect(try disturbed.step(batches[3]).loss == plain.step(batches[3]).loss && disturbed.stepCount == 4)
  }

  @Test func `another state, or number of steps, comes after the last step is known`() throws {
    let (disturbed, plain) = (try replica(), try replica())
    for replica in [disturbed, plain] { _ = try replica.step(batches[0]) }
    let state = try disturbed.gatherOptimizerState().map { (quantity: $0.quantity, values: $0.values.cloned()) }
    for replica in [disturbed, plain] { _ = try replica.step(batches[1]) }
    _ = try disturbed.start(broken)
    #expect(throws: NonfiniteLoss(rank: 0, step: 3)) { try disturbed.restoreOptimizer(state) }
    for replica in [disturbed, plain] { try replica.restoreOptimizer(state) }
    let started = try disturbed.start(broken)
    disturbed.stepCount = 100
    #expect(throws: NonfiniteLoss(rank: 0, step: 3)) { try started.outcome() }
    for index in 0..<4 {
      #expect(try disturbed.step(batches[index]).loss == plain.step(batches[index]).loss)
    }
    #expect(disturbed.arena.flat.array(of: Float.self) == plain.arena.flat.array(of: Float.self))
  }

  @Test func `steps go on after any loss where that is allowed`() throws {
    let replica = try replica(allowsNonfinite: true)
    #expect(try !replica.step(broken).loss.isFinite)
    #expect(try !replica.step(batches[0]).loss.isFinite && replica.stepCount == 2)
  }

  @Test func `pieces of a step are one update`() throws {
    let (pieces, whole) = (try replica(), try replica())
    for _ in 0..<4 {
      try pieces.accumulate(batches[0])
      try pieces.accumulate(batches[7])
      let outcome = try pieces.step(batches[4])
      let all = Batch(
        inputs: Tensor.concatenated([batches[0].inputs, batches[4].inputs]),
        targets: Tensor.concatenated([batches[0].targets, batches[4].targets]))
      let expected = try whole.step(all)
      #expect(outcome.count == 11 && abs(outcome.loss - expected.loss) < 1e-5)
    }
    #expect(try pieces.step(batches[7]).count == 0 && pieces.stepCount == 4)
  }

  @Test func `a parameter that is frozen after a step was recorded is told, too`() async throws {
    await #expect(processExitsWith: .failure) {
      let model = Sequential(Linear(2, 3), Linear(3, 3)).to(try EmulatedGPU.device())
      let replica = try Replica(
        model, SGD.Options(learningRate: 0.01), communicator: LocalCommunicator(), recordsSteps: true)
      let batch = Batch(inputs: .ones([2, 2]), targets: Tensor([0, 1]))
      for _ in 0..<4 { _ = try replica.step(batch) }
      guard replica.stepCount == 4 else { exit(0) }
      model.parameters[0].requiresGrad = false
      _ = try replica.step(batch)
    }
  }
  /// In a process of its own, where nothing else has tensors.
  @Test func `steps leave no memory behind`() async {
    await #expect(processExitsWith: .success) {
      let device = try EmulatedGPU.device()
      let generator = RandomGenerator(seed: 1)
      let model = Sequential(
        Conv2d(1, 4, kernel: 3, generator: generator), BatchNorm2d(4), ReLU(), Flatten(),
        Linear(64, 3, generator: generator))
      let replica = try Replica(
        model.to(device), SGD.Options(learningRate: 0.01, momentum: 0.9), communicator: LocalCommunicator(),
        recordsSteps: true)
      let images = TensorDataset(
        Tensor.randn([40, 1, 6, 6], generator: generator), Tensor.randint(0..<3, [40], generator: generator))
      var feed = BatchFeed(ShardLoader(images, shards: Shards(sampleCount: 40, globalBatch: 16), seed: 1), for: replica)
      func makeSteps(_ count: Int) throws {
        for step in 0..<count {
          // Two batches of 16 samples and one of 8.
          _ = try replica.step(feed.batch(epoch: step / 3, step: step % 3, piece: 0))
        }
      }
      try makeSteps(12)
      let before = device.byteCounts
      try makeSteps(102)
      precondition(device.byteCounts == before, "\(before) after 12 steps, \(device.byteCounts) after 102 more")
    }
  }
}
