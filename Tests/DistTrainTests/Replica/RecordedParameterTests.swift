import Autograd
import Collective
import DistTrain
import Testing
import TestSupport

/// Copies of parameters that a recorded step finds made: whoever changes a parameter, the step after takes what it is then.
@Suite(.enabled(if: try EmulatedGPU.device().summary().contains(", cuDNN "), "the GPU has no cuDNN"))
struct RecordedParameterTests {
  /// Filters of few and of many channels and places, of one place, and layers large enough for bfloat16.
  private func model(on device: Device) -> Sequential {
    let generator = RandomGenerator(seed: 3)
    return Sequential(
      Conv2d(2, 20, kernel: 3, padding: 1, generator: generator), ReLU(),
      Conv2d(20, 3, kernel: 5, padding: 2, generator: generator), ReLU(),
      Conv2d(3, 3, kernel: 1, generator: generator), AvgPool2d(2), Flatten(),
      Linear(12, 513, generator: generator), ReLU(), Linear(513, 3, generator: generator)
    ).to(device)
  }

  private func batch(_ seed: Int) -> Batch {
    let generator = RandomGenerator(seed: UInt64(seed))
    return Batch(
      inputs: .randn([512, 2, 4, 4], generator: generator), targets: .randint(0..<3, [512], generator: generator))
  }

  @Test(arguments: [ProductPrecision.tf32, .bfloat16])
  func `a recorded step takes parameters as they are, whoever changed them`(_ precision: ProductPrecision) throws {
    func outcome(recordsSteps: Bool) throws -> (losses: [Double], weights: [Double]) {
      let model = try model(on: EmulatedGPU.device())
      let replica = try Replica(
        model, SGD.Options(learningRate: 0.01), communicator: LocalCommunicator(), recordsSteps: recordsSteps)
      let average = WeightAverage(of: model, .exponential(decay: 0.5))
      let start = model.stateDictionary().map { (name: $0.name, tensor: $0.tensor.cloned()) }
      var losses: [Double] = []
      func step() throws {
        losses.append(try replica.step(batch(losses.count)).loss)
        average.update()
      }
      for _ in 0..<4 { try step() }
      for parameter in model.parameters { try noGrad { try parameter *= 1.5 } }
      try step()
      try noGrad { try model.parameters[0].fill(0.03125) }
      try step()
      _ = average.withAverage { noGrad { model(batch(0).inputs.to(model.parameters[0].device)).sum().item() } }
      try step()
      try model.load(stateDictionary: start)
      try step()
      model.parameters[2].withMutableElements(of: Float.self) { $0[0] += 1 }
      try step()
      return (losses, replica.arena.flat.array())
    }
    try Kernels.choosing(generic: false) {
      try withProductPrecision(precision) {
        let (recorded, computed) = (try outcome(recordsSteps: true), try outcome(recordsSteps: false))
        #expect(recorded.losses == computed.losses && Set(recorded.losses).count == recorded.losses.count)
        #expect(recorded.weights == computed.weights)
      }
    }
  }
}
