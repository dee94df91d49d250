import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  /// Averages of weights.
  static let weightAverages = [
    ReplicaCheck("averages of weights are those of one process, and what is evaluated") { communicator in
      for (rule, shardsOptimizer) in [(WeightAverage.Rule.equal, false), (.exponential(decay: 0.7), true)] {
        let model = SmallProblem.perceptron()
        let replica = try SmallProblem.replica(model, communicator, shardsOptimizer: shardsOptimizer)
        let whole = WholeProcess(SmallProblem.perceptron())
        let average = WeightAverage(of: model, rule)
        let wholeAverage = WeightAverage(of: whole.model, rule)
        let split = RandomSplit(ranks: communicator.size, stepCount: 6, count: 8)
        for step in 0..<split.stepCount {
          _ = try replica.step(SmallProblem.batch(split.samples(step: step, rank: communicator.rank)))
          average.update()
          _ = try whole.step(SmallProblem.batch(split.all(step: step)))
          wholeAverage.update()
        }
        let samples = SmallProblem.batch(100..<130)
        let data = TensorDataset(samples.inputs, samples.targets)
        let own = try Evaluation(of: model, on: data, communicator: communicator, batch: 7)
        let averaged = try average.withAverage {
          try wholeAverage.withAverage {
            try requireClose(model, whole.model)
            return try Evaluation(of: model, on: data, communicator: communicator, batch: 7)
          }
        }
        try require(averaged.loss != own.loss, "the average has the loss of the last step, \(own.loss)")
        try requireClose(model, whole.model)
        let again = try Evaluation(of: model, on: data, communicator: communicator, batch: 7)
        try require(again == own, "\(again) instead of \(own)")
        try replica.verify()
      }
    }
  ]
}
