import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  /// Parameters with options of their own.
  static let parameterGroups = [
    ReplicaCheck("parameter groups: each has its options and learning rate, with one optimizer of all or shards of it")
    {
      communicator in
      for shardsOptimizer in [false, true] {
        let (model, reference) = (SmallProblem.perceptron(), SmallProblem.perceptron())
        let optimizer = SGD(
          groups: ([rest(of: reference)] + groups(of: reference)).map { ParameterGroup($0.parameters, $0.options) })
        let base = optimizer.learningRates
        let replica = try SmallProblem.replica(
          model, communicator, groups: groups(of: model), shardsOptimizer: shardsOptimizer, recordsSteps: true)
        try require(replica.learningRates == base, "learning rates \(replica.learningRates)")
        let schedule = LinearWarmup(stepCount: 4)
        for step in 0..<9 {
          replica.learningRates = base.map { schedule.learningRate(at: step, base: $0) }
          // The last group's is always another.
          replica.learningRates[2] /= Double(step + 1)
          let samples = (0..<communicator.size * 3).map { step * 40 + $0 }
          _ = try replica.step(SmallProblem.batch(Array(samples[(communicator.rank * 3)...].prefix(3))))

          let batch = SmallProblem.batch(samples)
          optimizer.zeroGrad()
          try crossEntropy(reference(batch.inputs), batch.targets).backward()
          optimizer.learningRates = replica.learningRates
          optimizer.step()
          try requireClose(replica.model, reference)
        }
        try replica.verify()
      }
    },
    ReplicaCheck("parameter groups: ranks that were given others say so") { communicator in
      guard communicator.size > 1 else { return }
      let model = SmallProblem.perceptron()
      let given = groups(of: model)
      do {
        _ = try SmallProblem.replica(model, communicator, groups: communicator.rank == 0 ? given : [given[0]])
        try require(false, "a replica was made of ranks with different groups")
      } catch let error as TextMismatch {
        try require(
          "\(error)".contains("optimizer of 2.bias") || "\(error)".contains("optimizer of 2.weight"), "\(error)")
      }
    },
  ]

  private typealias Group = (parameters: [Tensor], options: SGD.Options)

  private static func parameters(of model: any Layer, _ names: [String]) -> [Tensor] {
    model.namedParameters().filter { names.contains($0.name) }.map(\.parameter)
  }

  private static func rest(of model: any Layer) -> Group {
    (parameters(of: model, ["0.weight", "2.bias"]), SmallProblem.options)
  }

  private static func groups(of model: any Layer) -> [Group] {
    [
      (parameters(of: model, ["0.bias"]), SGD.Options(learningRate: 0.1, momentum: 0.5)),
      (parameters(of: model, ["2.weight"]), SGD.Options(learningRate: 0.2, momentum: 0.9, nesterov: true)),
    ]
  }
}
