import Autograd
import Collective
import DistTrain

/// Batch normalization of inputs, of a hidden layer and of images, with a branch by rank beside it.
private final class Normalizing: Module, Layer {
  let inputs = BatchNorm1d(6)
  let first = Linear(6, 12)
  let hidden = BatchNorm1d(12, momentum: nil)
  let convolution = Conv2d(3, 4, kernel: 2)
  let images = BatchNorm2d(4, affine: false)
  let branches = [Linear(4, 3), Linear(4, 3)]
  var branch = 0

  func callAsFunction(_ x: Tensor) -> Tensor {
    let hidden = hidden(first(inputs(x))).sigmoid().reshaped([x.shape[0], 3, 2, 2])
    return branches[branch](images(convolution(hidden)).sigmoid().flattened(from: 1))
  }
}

extension ReplicaCheck {
  static let batchStatistics = [
    ReplicaCheck("batch statistics: synchronized ones are those of the whole batch, forward and backward") {
      communicator in
      for (dtype, tolerance) in [(DataType.float64, 1e-10), (.float32, 2e-4)] {
        let split = RandomSplit(ranks: communicator.size, stepCount: 6, count: 9)
        let replica = try SmallProblem.replica(
          SmallProblem.model(dtype: dtype) { Normalizing() }, communicator, synchronizesBatchNorm: true)
        let whole = WholeProcess(SmallProblem.model { Normalizing() })
        for step in 0..<split.stepCount {
          let own = split.samples(step: step, rank: communicator.rank)
          let outcome = try replica.step(SmallProblem.batch(own))
          let expected = try whole.step(SmallProblem.batch(split.all(step: step)))
          try requireClose([outcome.loss], [expected], within: tolerance, "the loss of step \(step) in \(dtype)")
        }
        try requireClose(replica.model, whole.model, within: tolerance)
      }
    },
    ReplicaCheck("batch statistics: ranks that run out and take different branches still meet") { communicator in
      let model = SmallProblem.model { Normalizing() }
      model.branch = communicator.rank % 2
      let replica = try SmallProblem.replica(model, communicator, synchronizesBatchNorm: true)
      let last = communicator.size - 1
      func numbers(_ step: Int, _ rank: Int) -> [Int] { step > 0 && rank < last ? [] : [3 * step + rank, 40 + rank] }
      for step in 0..<3 {
        let numbers = numbers(step, communicator.rank)
        _ = try replica.step(numbers.isEmpty ? nil : SmallProblem.batch(numbers))
      }
      // From the second step on, only the last rank has samples: the whole batch takes its branch.
      guard communicator.size == 1 else { return try replica.verify() }
      let whole = WholeProcess(SmallProblem.model { Normalizing() })
      for step in 0..<3 { _ = try whole.step(SmallProblem.batch(numbers(step, 0))) }
      try requireClose(replica.model, whole.model, within: 1e-10)
    },
    ReplicaCheck("batch statistics: no samples at all change nothing") { communicator in
      let replica = try SmallProblem.replica(
        SmallProblem.model { Normalizing() }, communicator, synchronizesBatchNorm: true)
      let outcome = try replica.step(SmallProblem.batch([]))
      try require(outcome.count == 0, "\(outcome.count) samples")
      try requireClose(replica.model, SmallProblem.model { Normalizing() }, within: 0)
    },
    ReplicaCheck("batch statistics: running ones agree in an evaluation, and are those of rank 0") { communicator in
      let model = SmallProblem.model { Normalizing() }
      let replica = try SmallProblem.replica(model, communicator)
      let samples = TensorDataset(SmallProblem.batch(0..<9).tensors)
      _ = try replica.step(SmallProblem.batch(communicator.rank * 4..<communicator.rank * 4 + 4))
      let own = replica.model.namedBuffers().map { $0.buffer.array(of: Double.self) }
      let evaluation = try Evaluation(of: model, on: samples, communicator: communicator, batch: 2)
      let buffers = replica.model.namedBuffers().map { $0.buffer.array(of: Double.self) }
      if communicator.rank == 0 { try require(buffers == own, "rank 0 has its own buffers") }
      let alone = try Evaluation(of: model, on: samples, communicator: LocalCommunicator(), batch: 2)
      try require(evaluation == alone, "evaluation \(evaluation), expected \(alone)")
    },
  ]
}
