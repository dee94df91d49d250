import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  static let recomputation = [
    ReplicaCheck("recomputed in the backward pass: exchanges of batch statistics and rows, measured once") {
      communicator in
      func trained(recomputing: Bool) throws -> Replica {
        let split = RandomSplit(ranks: communicator.size, stepCount: 5, count: 9)
        let model = SmallProblem.model { Sequential(Linear(6, 12), BatchNorm1d(12), Tanh(), Linear(12, 3)) }
        let replica = try SmallProblem.replica(
          model, communicator, synchronizesBatchNorm: true, gathersInLoss: true, measures: ["samples"])
        for step in 0..<split.stepCount {
          let own = SmallProblem.batch(split.samples(step: step, rank: communicator.rank))
          let outcome = try replica.step(own) { batch in
            let body = {
              let output = model(batch.inputs)
              replica.measure("samples", Tensor(Double(batch.count)))
              return try output * replica.allGather(output).sum()
            }
            return try crossEntropy(recomputing ? recomputed(body) : body(), batch.targets, reduction: .sum)
          }
          try require(outcome.measures["samples"] == 1, "\(outcome.measures) of step \(step), expected 1 a sample")
        }
        return replica
      }
      let (replica, expected) = (try trained(recomputing: true), try trained(recomputing: false))
      try requireClose(replica.model, expected.model, within: 1e-10)
      try replica.verify()
    }
  ]
}
