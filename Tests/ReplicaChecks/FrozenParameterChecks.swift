import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  /// Parameters that are not trained at first, or not any more.
  static let frozenParameters = [
    ReplicaCheck("a replica after another trains what was frozen") { communicator in
      for shardsOptimizer in [false, true] {
        let (model, reference) = (SmallProblem.perceptron(), SmallProblem.perceptron())
        var replica: Replica?
        for (round, frozen) in [[0], [], [2]].enumerated() {
          for model in [model, reference] {
            for (index, layer) in model.layers.enumerated() { layer.freeze(frozen.contains(index)) }
          }
          let before = replica
          let next = try Replica(
            model.to(SmallProblem.device(communicator)), SmallProblem.options, communicator: communicator,
            buckets: .sizes(BucketSizes(first: 64, others: 64)), shardsOptimizer: shardsOptimizer, after: before)
          replica = next
          let whole = WholeProcess(reference)
          for step in 0..<3 {
            let samples = Array(round * 40 + step * 7..<round * 40 + step * 7 + 9)
            let own = samples.filter { $0 % communicator.size == communicator.rank }
            let outcome = try next.step(SmallProblem.batch(own))
            try requireClose([outcome.loss], [whole.step(SmallProblem.batch(samples))], "the loss of step \(step)")
          }
          try requireClose(model, reference)
          try require(next.stepCount == 3 * (round + 1), "step \(next.stepCount)")
          try next.verify()
        }
      }
    },
    ReplicaCheck("a replica after another draws on, and not from the beginning") { communicator in
      let model = SmallProblem.model { Sequential(Linear(6, 8), Dropout(0.5), Linear(8, 3)) }
      func losses(_ replica: Replica) throws -> [Double] {
        try (0..<2).map { _ in try replica.step(SmallProblem.batch(0..<4)).loss }
      }
      // Nothing is changed, so that losses differ by what is dropped only.
      let still = SGD.Options(learningRate: 0)
      func replica(after earlier: Replica?) throws -> Replica {
        try Replica(
          model.to(SmallProblem.device(communicator)), still, communicator: communicator, after: earlier)
      }
      let whole = try replica(after: nil)
      let expected = try losses(whole) + losses(whole)
      let first = try replica(after: nil)
      var found = try losses(first)
      manualSeed(99)
      found += try losses(replica(after: first))
      try requireClose(found, expected, within: 0, "the losses")
      try require(found[0] != found[2], "the same is dropped again")
    },
    ReplicaCheck("a layer unfrozen on some ranks only is told on all") { communicator in
      guard communicator.size > 1 else { return }
      let model = SmallProblem.perceptron()
      model.layers[0].freeze()
      let first = try SmallProblem.replica(model, communicator)
      _ = try first.step(SmallProblem.batch(0..<2))
      model.layers[0].freeze(communicator.rank != 1)
      do {
        _ = try Replica(model, SmallProblem.options, communicator: communicator, after: first)
        try require(false, "other parameters are trained on rank 1")
      } catch let error as TextMismatch {
        try require(error.rank == 1 && error.found == "parameter 0.weight: float64 [5, 6]", "\(error)")
      }
    },
  ]
}
