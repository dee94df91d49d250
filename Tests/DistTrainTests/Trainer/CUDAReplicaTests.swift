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
}
