import Autograd
import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

/// What a step asks of its loss, its batch and its model.
struct StepContractTests {
  private static var batch: Batch { Batch(inputs: Tensor.ones([3, 2]), targets: Tensor.zeros([3, 1])) }

  private static func replica(_ model: Module) throws -> Replica {
    try Replica(model, SGD.Options(learningRate: 0.1), communicator: LocalCommunicator())
  }

  @Test func `a mean is no loss of a step`() async throws {
    let means: [@Sendable (Tensor, Tensor) -> Tensor] = [
      { meanSquaredError($0, $1) }, { l1Loss($0, $1) }, { binaryCrossEntropyWithLogits($0, $1) },
      { ($0 - $1).abs().mean() }, { crossEntropy($0, $1.reshaped([3]).cast(to: .int64)) },
      { crossEntropy($0, $1.reshaped([3]).cast(to: .int64), labelSmoothing: 0.1) },
      { -meanSquaredError($0, $1) }, { meanSquaredError($0, $1).reshaped([1]) },
      { meanSquaredError($0, $1) + 0.1 * ($0 * $0).mean() }, { ($0 - $1).sum() - ($0 * $0).mean() },
    ]
    for (index, loss) in means.enumerated() {
      #expect(loss(Tensor.ones([3, 1]), Tensor.zeros([3, 1])).isMean, "loss \(index)")
    }
    #expect(!meanSquaredError(Tensor.ones([3, 1]), Tensor.zeros([3, 1]), reduction: .sum).isMean)
    #expect(!(Tensor.ones([3, 4]).mean([1]).sum().isMean))
    let weight = Tensor.ones([3], requiresGrad: true)
    #expect(!((weight * 2).sum() + (weight * weight).mean() * 3).isMean, "a sum and a penalty for each sample")
    #expect(!(meanSquaredError(weight, Tensor.zeros([3])) * 3).isMean, "a mean times its count")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try Self.replica(Linear(2, 1)).step(Self.batch) { meanSquaredError($0, $1) }
      }, says: "the loss of a step is a mean, expected one number, the sum over the batch's samples (reduction: .sum)")
  }

  @Test func `parameters stay where the replica took them`() async throws {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let model = Linear(2, 1)
        let replica = try Self.replica(model)
        model.convert(to: .float64)
        _ = try replica.step(Self.batch) { batch in model(batch.inputs.cast(to: .float64)).sum() }
      }, says: "parameter bias is not in the replica's memory any more: it was converted")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let trunk = Linear(2, 1)
        let first = try Self.replica(Sequential(trunk))
        _ = try Self.replica(Sequential(trunk, Linear(1, 1)))
        _ = try first.step(Self.batch) { meanSquaredError($0, $1, reduction: .sum) }
      }, says: "parameter 0.bias is not in the replica's memory any more")
  }

  @Test func `a model that is no layer needs a loss of the batch`() async throws {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        final class Holder: Module { let layer = Linear(2, 1) }
        _ = try Self.replica(Holder()).step(Self.batch)
      }, says: "Holder is no Layer: a step needs a loss of the batch, as in replica.step(batch) { batch in … }")
  }

  @Test func `losses of single samples are no loss of a step`() async throws {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try Self.replica(Linear(2, 1)).step(Self.batch) { meanSquaredError($0, $1, reduction: .none) }
      }, says: "the loss of a step is of shape [3, 1], expected one number")
  }

  @Test func `what is trained cannot change`() async throws {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let first = Linear(2, 2)
        let replica = try Self.replica(Sequential(first, Linear(2, 1)))
        first.freeze()
        _ = try replica.step(Self.batch) { meanSquaredError($0, $1, reduction: .sum) }
      }, says: "parameter 0.bias was frozen after the replica was made: make another, after this one")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let first = Linear(2, 2)
        first.freeze()
        let replica = try Self.replica(Sequential(first, Linear(2, 1)))
        _ = try replica.step(Self.batch) { meanSquaredError($0, $1, reduction: .sum) }
        first.freeze(false)
        _ = try replica.step(Self.batch) { meanSquaredError($0, $1, reduction: .sum) }
      }, says: "parameter 0.weight was frozen when the replica was made: make another, after this one, to train it")
  }

  /// Of tokens whose numbers a float32 would round.
  @Test(arguments: 1...3)
  func `whole numbers reach the model as they are`(_ ranks: Int) throws {
    final class Parity: Module, Layer {
      let output = Linear(1, 2)
      func callAsFunction(_ x: Tensor) -> Tensor {
        output(Tensor(x.array(of: Int64.self).map { Float($0 % 2) }, shape: [x.count, 1]))
      }
    }
    let numbers = (0..<8).map { (1 << 24) + Int64($0) }
    let data = TensorDataset(Tensor(numbers), Tensor(numbers.map { $0 % 2 }))
    let found = try ThreadCommunicator.run(size: ranks) { communicator in
      let model = Parity()
      let replica = try Replica(model, SGD.Options(learningRate: 2), communicator: communicator)
      var loader = ShardLoader(data, globalBatch: 8, communicator: communicator, seed: 0)
      for epoch in 0..<30 { _ = try replica.step(loader.batch(epoch: epoch, step: 0)) }
      return try Evaluation(of: model, on: data, communicator: communicator).accuracy
    }
    #expect(found.allSatisfy { $0 == 1 })
  }

  @Test(arguments: 1...3)
  func `a batch of one tensor is its own target`(_ ranks: Int) throws {
    let data = TensorDataset(Tensor.rand([6, 4]))
    let losses = try ThreadCommunicator.run(size: ranks) { communicator in
      manualSeed(2)
      let replica = try Replica(Linear(4, 4), SGD.Options(learningRate: 0.1), communicator: communicator)
      var loader = ShardLoader(data, globalBatch: 6, communicator: communicator, seed: 0)
      return try (0..<40).map { epoch in
        try replica.step(loader.batch(epoch: epoch, step: 0)) { meanSquaredError($0, $1, reduction: .sum) }.loss
      }
    }
    #expect(losses.allSatisfy { $0[39] < 0.5 * $0[0] && largestDifference($0, losses[0]) < 1e-5 })
  }

  /// As PyTorch's mean over targets that are not ignored, of all ranks together.
  @Test(arguments: 1...4)
  func `a mean over what is counted`(_ ranks: Int) throws {
    let labels = (0..<24).map { index -> Int64 in index % 5 == 0 || index > 16 ? -100 : Int64(index % 3) }
    let targets = Tensor(labels, shape: [24])
    manualSeed(4)
    let data = TensorDataset(Tensor.randn([24, 5], dtype: .float64), targets)
    @Sendable func model() -> Linear {
      manualSeed(5)
      return Linear(5, 3, dtype: .float64)
    }
    let options = SGD.Options(learningRate: 0.5, momentum: 0.5)
    var whole = ShardLoader(data, globalBatch: 9, communicator: LocalCommunicator(), seed: 1)
    let reference = model()
    let optimizer = SGD(reference.parameters, options)
    var expected: [Double] = []
    for step in 0..<6 {
      let batch = try whole.batch(epoch: step / 3, step: step % 3)
      optimizer.zeroGrad()
      let loss = crossEntropy(reference(batch.inputs), batch.targets)
      try loss.backward()
      optimizer.step()
      expected.append(loss.item())
    }
    let found = try ThreadCommunicator.run(size: ranks) { communicator in
      let replica = try Replica(model(), options, communicator: communicator)
      var loader = ShardLoader(data, globalBatch: 9, communicator: communicator, seed: 1)
      return try (0..<6).map { step in
        let batch = try loader.batch(epoch: step / 3, step: step % 3)
        let used = batch.targets.array(of: Int64.self).count { $0 >= 0 }
        // In two pieces.
        let half = batch.count / 2
        let parts = [0..<half, half..<batch.count].map { range in
          Batch(inputs: batch.inputs[range], targets: batch.targets[range])
        }
        let first = parts[0].targets.array(of: Int64.self).count { $0 >= 0 }
        try replica.accumulate(parts[0], count: Double(first))
        return try replica.step(parts[1], count: Double(used - first)).loss
      }
    }
    for losses in found { #expect(largestDifference(losses, expected) < 1e-12) }
  }

  @Test func `a replica after one with pieces of a step traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let options = SGD.Options(learningRate: 1)
      let first = try Replica(Linear(2, 2), options, communicator: LocalCommunicator())
      try first.accumulate(Batch(inputs: .ones([1, 2]), targets: Tensor([0])))
      _ = try Replica(first.model, options, communicator: LocalCommunicator(), after: first)
    }
    expect(result, says: "after one with pieces of a step that was not made")
  }

  @Test func `a measure that is none traps`() async {
    let unknown = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let replica = try Replica(
        Linear(2, 2), SGD.Options(learningRate: 1), communicator: LocalCommunicator(), measures: ["a"])
      _ = try replica.step(Batch(inputs: Tensor.zeros([1, 2]), targets: Tensor([0]))) { output, _ in
        replica.measure("b", output.sum())
        return output.sum()
      }
    }
    expect(unknown, says: "the measure 'b' of a step, of a replica that was made with measures: [\"a\"]")
    let mean = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let replica = try Replica(
        Linear(2, 2), SGD.Options(learningRate: 1), communicator: LocalCommunicator(), measures: ["a"])
      _ = try replica.step(Batch(inputs: Tensor.zeros([1, 2]), targets: Tensor([0]))) { output, _ in
        replica.measure("a", output.mean())
        replica.measure("a", output.mean())
        return output.sum()
      }
    }
    expect(mean, says: "the measure 'a' of a step is a mean, expected a sum")
    let outside = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let replica = try Replica(
        Linear(2, 2), SGD.Options(learningRate: 1), communicator: LocalCommunicator(), measures: ["a"])
      replica.measure("a", Tensor(1))
    }
    expect(outside, says: "the measure 'a' was taken outside of the loss of a step")
  }

  @Test func `rows are gathered where the replica was told`() async {
    let untold = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let replica = try Replica(Linear(2, 2), SGD.Options(learningRate: 1), communicator: LocalCommunicator())
      _ = try replica.step(Batch(inputs: .ones([1, 2]), targets: .ones([1, 2]))) { output, _ in
        try replica.allGather(output).sum()
      }
    }
    expect(untold, says: "allGather in the loss of a replica that was made without gathersInLoss: true")
    let outside = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let replica = try Replica(
        Linear(2, 2), SGD.Options(learningRate: 1), communicator: LocalCommunicator(), gathersInLoss: true)
      _ = try replica.firstGatheredRow(of: .ones([1, 2]))
    }
    expect(outside, says: "firstGatheredRow outside of the loss of a step")
    let shards = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Replica(
        Linear(2, 2), SGD.Options(learningRate: 1), communicator: LocalCommunicator(), reproducibleShards: 2,
        gathersInLoss: true)
    }
    expect(shards, says: "rows cannot be gathered")
  }

  @Test func `a schedule sets the rates of all groups`() throws {
    let model = Linear(2, 1)
    let options = SGD.Options(learningRate: 1)
    let replica = try Replica(
      model, options, groups: [(model.parameters.suffix(1), options)], communicator: LocalCommunicator())
    replica.setLearningRates(StepLR(stepSize: 2, factor: 0.5), at: 2, base: [1, 8])
    #expect(replica.learningRates == [0.5, 4])
  }

  @Test func `what is not finite is told without another program's flags`() {
    #expect(
      "\(NonfiniteLoss(rank: 1, step: 7))"
        == "step 7: the training loss on rank 1 is not a finite number; the parameters are as they were before the step"
    )
  }
}
