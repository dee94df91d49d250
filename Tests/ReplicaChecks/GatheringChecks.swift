import Autograd
import Collective
import DistTrain

/// Each sample is to be told from all others of the whole batch, as in contrastive learning.
private func contrast(_ own: Tensor, _ all: Tensor, first: Int) -> Tensor {
  crossEntropy(
    own.normalized().matmul(all.normalized().transposed()) / 0.2,
    Tensor.arange(own.shape[0]).to(own.device) + first, reduction: .sum)
}

extension ReplicaCheck {
  static let gathering = [
    ReplicaCheck("rows gathered in a loss: that of the whole batch, with its gradients, on ranks without samples too") {
      communicator in
      let split = RandomSplit(ranks: communicator.size, stepCount: 6, count: 9)
      for isMean in [false, true] {
        let (model, wholeModel) = (SmallProblem.perceptron(), SmallProblem.perceptron())
        let replica = try SmallProblem.replica(model, communicator, gathersInLoss: true)
        let whole = WholeProcess(wholeModel)
        for step in 0..<split.stepCount {
          let own = SmallProblem.batch(split.samples(step: step, rank: communicator.rank))
          // A later batch that a rank does not have may be nil.
          let isGiven = own.count > 0 || step == 0
          let outcome = try replica.step(isGiven ? own : nil, reduction: isMean ? .mean : .sum) { batch in
            let output = model(batch.inputs)
            let all = try replica.allGather(output)
            let first = try replica.firstGatheredRow(of: output)
            let sum = contrast(output, all, first: first)
            return isMean ? sum / max(batch.count, 1) : sum
          }
          let all = SmallProblem.batch(split.all(step: step))
          let expected = try whole.step(count: all.count) {
            let output = wholeModel(all.inputs)
            return contrast(output, output, first: 0)
          }
          try requireClose([outcome.loss], [expected], within: 1e-10, "the loss of step \(step)")
        }
        // Where no rank has samples, each is told from none.
        let none = try replica.step(nil, reduction: isMean ? .mean : .sum) { batch in
          let output = model(batch.inputs)
          let loss = contrast(output, try replica.allGather(output), first: 0)
          return isMean ? loss / max(batch.count, 1) : loss
        }
        try require(none.count == 0 && none.loss == 0, "\(none)")
        try requireClose(replica.model, whole.model, within: 1e-10)
        try replica.verify()
      }
    },
    ReplicaCheck("rows gathered in a loss: integers are, and second derivatives flow") { communicator in
      let (model, wholeModel) = (SmallProblem.perceptron(), SmallProblem.perceptron())
      let replica = try SmallProblem.replica(model, communicator, gathersInLoss: true)
      let whole = WholeProcess(wholeModel)
      let counts = (0..<communicator.size).map { $0 + 1 }
      let first = counts[..<communicator.rank].reduce(0, +)
      let (own, total) = (counts[communicator.rank], counts.reduce(0, +))
      /// The outputs' squares, and the squares of the slopes of a product of all.
      func loss(_ output: Tensor, _ all: Tensor) throws -> Tensor {
        let slopes = try gradients(of: all.pow(3).sum() / total, withRespectTo: [output], createGraph: true)
        return slopes[0].pow(2).sum()
      }
      let outcome = try replica.step(SmallProblem.batch(first..<first + own)) { batch in
        let labels = try replica.allGather(batch.targets)
        try require(
          labels.array(of: Int.self) == SmallProblem.batch(0..<total).targets.array(of: Int.self), "labels \(labels)")
        let output = model(batch.inputs)
        return try loss(output, replica.allGather(output))
      }
      let output = wholeModel(SmallProblem.batch(0..<total).inputs)
      // Every rank's sum is of all rows, so that each slope counts once for every rank.
      let wholeLoss = try loss(output, output) * (communicator.size * communicator.size)
      let expected = try whole.step(count: total) { wholeLoss }
      try requireClose([outcome.loss], [expected], within: 1e-10, "the loss")
      try requireClose(replica.model, whole.model, within: 1e-10)
    },
  ]
}
