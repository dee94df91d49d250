import Autograd
import Collective
import DistTrain
import Testing
import TestSupport

/// Replicas on the emulated GPU.
struct CUDAReplicaTests {
  private func model(dropout: Bool) -> Sequential {
    let generator = RandomGenerator(seed: 5)
    let middle: any Layer = dropout ? Dropout(0.5) : BatchNorm1d(8)
    return Sequential(Linear(6, 8, generator: generator), middle, ReLU(), Linear(8, 3, generator: generator))
  }

  private let batches = [8, 8, 8, 8, 3, 8, 8, 0, 8].enumerated().map { index, count in
    Batch(
      inputs: .randn([count, 6], generator: RandomGenerator(seed: UInt64(index))),
      targets: .randint(0..<3, [count], generator: RandomGenerator(seed: UInt64(100 + index))))
  }

  private func outcomes(on device: Device, dropout: Bool) throws -> (losses: [Double], weights: [Double]) {
    manualSeed(1)
    let replica = try Replica(
      model(dropout: dropout).to(device), SGD.Options(learningRate: 0.1, momentum: 0.9),
      communicator: LocalCommunicator())
    let losses = try batches.map { try replica.step($0).loss }
    return (losses, replica.arena.flat.array())
  }

  /// The third full batch is recorded and the later ones repeat it; a short and an empty one come between.
  @Test(arguments: [false, true])
  func `steps that repeat what was recorded are those of the processor`(_ dropout: Bool) throws {
    let here = try outcomes(on: .cpu, dropout: dropout)
    let there = try outcomes(on: EmulatedGPU.device(), dropout: dropout)
    for (a, b) in zip(here.losses, there.losses) { #expect(abs(a - b) < 1e-5, "\(here.losses)\n\(there.losses)") }
    for (a, b) in zip(here.weights, there.weights) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func `a loss that is not finite changes nothing`() throws {
    let device = try EmulatedGPU.device()
    let replica = try Replica(
      model(dropout: false).to(device), SGD.Options(learningRate: 0.1), communicator: LocalCommunicator())
    for batch in batches.prefix(4) { _ = try replica.step(batch) }
    let before = replica.arena.flat.array(of: Float.self)
    let broken = Batch(inputs: .full([8, 6], .infinity), targets: batches[0].targets)
    #expect(throws: NonfiniteLoss.self) { try replica.step(broken) }
    #expect(replica.arena.flat.array(of: Float.self) == before)
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
        model.to(device), SGD.Options(learningRate: 0.01, momentum: 0.9), communicator: LocalCommunicator())
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
