import Autograd
import Collective
import DistTrain
import Testing
import TestSupport

struct OptimizerChoiceTests {
  private static func job(_ optimizer: OptimizerChoice) throws -> SmallJob {
    var job = try SmallJob()
    (job.configuration.optimizer, job.configuration.learningRate) = (optimizer, 0.002)
    (job.configuration.momentum, job.configuration.weightDecay) = (0.8, 0.1)
    return job
  }

  private static let choices: [(choice: OptimizerChoice, make: @Sendable ([Tensor]) -> any Optimizer)] = [
    (.sgd, { SGD($0, .init(learningRate: 0.002, momentum: 0.8, weightDecay: 0.1)) }),
    (.adam, { Adam($0, .init(learningRate: 0.002, beta1: 0.8, weightDecay: 0.1)) }),
    (.adamw, { AdamW($0, .init(learningRate: 0.002, beta1: 0.8, weightDecay: 0.1)) }),
  ]

  @Test(arguments: choices.indices)
  func `the losses are those of the optimizer in a loop`(_ index: Int) throws {
    let (choice, make) = Self.choices[index]
    let job = try Self.job(choice)
    let images = try MNISTFolder(path: job.folder.path).load(.train)
    var loader = ShardLoader(images, globalBatch: 8, communicator: LocalCommunicator(), seed: 0)
    manualSeed(0)
    let model = Workload.mlp.makeModel().convert(to: .float64)
    let optimizer = make(model.parameters)
    var expected: [Double] = []
    for epoch in 0..<2 {
      for step in 0..<SmallJob.stepsPerEpoch {
        let batch = try loader.batch(epoch: epoch, step: step)
        let loss = crossEntropy(model(batch.inputs.cast(to: .float64)), batch.targets)
        optimizer.zeroGrad()
        try loss.backward()
        optimizer.step()
        expected.append(loss.item())
      }
    }
    for ranks in 1...4 {
      let job = try Self.job(choice)
      #expect(try job.run(ranks: ranks).allSatisfy { $0.error == nil })
      #expect(largestDifference(try job.losses(), expected) < 1e-12)
    }
  }

  @Test(arguments: [(1, 1, false), (2, 3, false), (2, 2, true)])
  func `a run of adaptive moments goes on from its checkpoint`(_ before: Int, _ after: Int, _ isSharded: Bool) throws {
    var (whole, job) = (try Self.job(.adamw), try Self.job(.adamw))
    whole.configuration.shardOptimizer = isSharded
    job.configuration.shardOptimizer = isSharded
    let uninterrupted = try whole.run(ranks: after)
    #expect(try job.run(ranks: before, steps: 8).allSatisfy { $0.error == nil })
    let resumed = try job.run(ranks: after, resume: true)
    #expect(largestDifference(try job.losses(), try whole.losses()) < 1e-12)
    if before == after { #expect(resumed.map(\.weights) == uninterrupted.map(\.weights)) }
    let checkpoint = try SafetensorsFile(path: job.directory.checkpoint)
    #expect(checkpoint.entries.contains { $0.name == "optimizer.exp_avg_sq.5.bias" })
  }

  @Test func `a run does not go on with an optimizer that keeps something else`() throws {
    var job = try Self.job(.sgd)
    #expect(try job.run(ranks: 2, steps: 5).allSatisfy { $0.error == nil })
    job.configuration.optimizer = .adam
    let ended = try job.run(ranks: 2, resume: true)
    let message = "a state that the optimizer cannot go on from (neither can the optimizer change, nor momentum"
    #expect(ended[0].error?.contains(message) == true, "\(ended)")
    job.configuration.optimizer = .sgd
    #expect(try job.run(ranks: 2, resume: true).allSatisfy { $0.error == nil })
  }
}
