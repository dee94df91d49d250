import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  /// Rules of update that look at whole parameters.
  static let wholeParameters = [
    ReplicaCheck("whole parameters: a layerwise rule gets each by itself, in its shape, also after a checkpoint") {
      communicator in
      try withPath(communicator) { path in
        let reference = SmallProblem.perceptron()
        let groups = [reference.parameters.filter { $0.rank == 2 }, reference.parameters.filter { $0.rank == 1 }]
        let optimizer = ParameterOptimizer(
          groups: [ParameterGroup(groups[0], Layerwise()), ParameterGroup(groups[1], Layerwise(learningRate: 0.02))])
        func replica() throws -> Replica {
          let model = SmallProblem.perceptron().to(try SmallProblem.device(communicator))
          let biases = model.parameters.filter { $0.rank == 1 }
          return try Replica(
            model, Layerwise(), groups: [(biases, Layerwise(learningRate: 0.02))], communicator: communicator,
            buckets: .sizes(BucketSizes(first: 64, others: 64)))
        }
        var trained = try replica()
        for step in 0..<6 {
          if step == 3 {
            try trained.writeCheckpoint(to: path)
            trained = try replica()
            try trained.resume(from: path)
          }
          let samples = (0..<communicator.size * 3).map { step * 40 + $0 }
          _ = try trained.step(SmallProblem.batch(Array(samples[(communicator.rank * 3)...].prefix(3))))
          let batch = SmallProblem.batch(samples)
          optimizer.zeroGrad()
          try crossEntropy(reference(batch.inputs), batch.targets).backward()
          optimizer.step()
          try requireClose(trained.model, reference)
        }
        try trained.verify()
      }
    }
  ]
}

/// Momentum, with steps of each parameter's own length (Y. You et al., arXiv:1708.03888), and for matrices of its rows'.
private struct Layerwise: UpdateRule {
  var learningRate = 0.05
  let stateNames = ["momentum_buffer"]
  let needsWholeParameters = true

  func apply(_ update: ParameterUpdate) {
    let (weight, momentum) = (update.parameter, update.state[0])
    do {
      try noGrad {
        try momentum.copyElements(from: momentum * 0.9 + update.gradient * update.gradientScale)
        let lengths = momentum.norm([weight.rank - 1], keepingDimensions: true) + momentum.norm()
        try weight.copyElements(from: weight - momentum * (weight.norm() + 0.1) / lengths * learningRate)
      }
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
