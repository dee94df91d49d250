import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  private static func model() -> Sequential {
    SmallProblem.model {
      Sequential(WeightNorm(Linear(6, 5)), Sigmoid(), SpectralNorm(Linear(5, 4)), Sigmoid(), Linear(4, 3))
    }
  }

  /// Weights that are computed from parameters.
  static let parametrizations = [
    ReplicaCheck("weight and spectral normalization on several ranks are those of one process") { communicator in
      for shardsOptimizer in [false, true] {
        let replica = try SmallProblem.replica(model(), communicator, shardsOptimizer: shardsOptimizer)
        let whole = WholeProcess(model())
        for step in 0..<5 {
          func samples(_ rank: Int) -> [Int] { Array(100 * step + 10 * rank..<100 * step + 10 * rank + 2 + rank % 2) }
          let outcome = try replica.step(SmallProblem.batch(samples(communicator.rank)))
          let expected = try whole.step(SmallProblem.batch((0..<communicator.size).flatMap(samples)))
          try requireClose([outcome.loss], [expected], "the loss of step \(step)")
        }
        // Parameters, and the vectors of the spectral norm.
        try requireClose(replica.model, whole.model)
        try replica.verify()
      }
    }
  ]
}
