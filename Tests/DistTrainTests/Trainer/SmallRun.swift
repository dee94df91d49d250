import Autograd
import Collective
import DistTrain

/// A small perceptron, trained on ranks that are threads.
struct SmallRun: Sendable {
  /// What a rank ends with.
  struct Outcome: Equatable, Sendable {
    var losses: [Double] = []
    var counts: [Double] = []
    /// The bytes of all parameters.
    var weights: [UInt8] = []
  }

  var precision = DataType.float64
  var sampleCount = 22
  var globalBatch = 8
  var steps = 9
  var seed: @Sendable (_ rank: Int) -> UInt64 = { _ in 3 }

  static let options = SGD.Options(learningRate: 0.3, momentum: 0.9, weightDecay: 0.01)

  var samples: TensorDataset {
    let generator = RandomGenerator(seed: 5)
    return TensorDataset(
      Tensor.rand([sampleCount, 6], generator: generator),
      Tensor(shape: [sampleCount], of: Int64.self) { generator.integers(into: $0, low: 0, high: 3) })
  }

  func model(rank: Int) -> Sequential {
    manualSeed(seed(rank))
    return Sequential(Linear(6, 5), Sigmoid(), Linear(5, 3)).convert(to: precision)
  }

  /// Makes the steps on `ranks` threads, with buckets so small that there are several.
  func outcomes(ranks: Int) throws -> [Outcome] {
    try ThreadCommunicator.run(size: ranks) { communicator in
      let replica = try Replica(
        model(rank: communicator.rank), Self.options, communicator: communicator,
        buckets: .sizes(BucketSizes(first: 64, others: 64)))
      var loader = loader(communicator)
      var outcome = Outcome()
      for step in 0..<steps {
        let (epoch, position) = step.quotientAndRemainder(dividingBy: loader.shards.stepsPerEpoch)
        let made = try replica.step(loader.batch(epoch: epoch, step: position))
        outcome.losses.append(made.loss)
        outcome.counts.append(made.count)
      }
      try replica.verify()
      outcome.weights = replica.weights
      return outcome
    }
  }

  /// The same steps by autograd alone: whole batches, mean losses, one process.
  func reference() throws -> [Double] {
    let model = model(rank: 0)
    let optimizer = SGD(model.parameters, Self.options)
    var loader = loader(LocalCommunicator())
    return try (0..<steps).map { step in
      let (epoch, position) = step.quotientAndRemainder(dividingBy: loader.shards.stepsPerEpoch)
      let batch = try loader.batch(epoch: epoch, step: position)
      optimizer.zeroGrad()
      let loss = crossEntropy(model(batch.inputs.cast(to: precision)), batch.targets)
      try loss.backward()
      optimizer.step()
      return loss.item()
    }
  }

  func loader(_ communicator: any Communicator) -> ShardLoader {
    let shards = Shards(
      sampleCount: sampleCount, globalBatch: globalBatch, rank: communicator.rank, worldSize: communicator.size)
    return ShardLoader(samples, shards: shards, seed: 1)
  }
}

extension Replica {
  /// The bytes of all parameters.
  var weights: [UInt8] { arena.flat.withBytes { Array($0) } }
}

/// The largest distance between two lists of numbers, infinite for lists of different lengths.
func largestDifference(_ first: [Double], _ second: [Double]) -> Double {
  guard first.count == second.count else { return .infinity }
  return zip(first, second).map { abs($0 - $1) }.max() ?? 0
}
