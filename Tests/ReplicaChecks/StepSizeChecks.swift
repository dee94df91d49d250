import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  /// What decides how far a step goes: the norm of the gradients and the learning rate.
  static let stepSizes = [
    ReplicaCheck("step sizes: the whole batch's gradients are clipped, at the learning rate of the step") {
      communicator in
      for shardsOptimizer in [false, true] {
        let model = SmallProblem.perceptron()
        let reference = SmallProblem.perceptron()
        let optimizer = SGD(reference.parameters, SmallProblem.options)
        let replica = try SmallProblem.replica(
          model, communicator, gradientNormLimit: limit, shardsOptimizer: shardsOptimizer, recordsSteps: true)
        let schedule = LinearWarmup(stepCount: 3, then: CosineAnnealingLR(halfPeriod: 7))
        let split = RandomSplit(ranks: communicator.size, stepCount: 10, count: 12)
        var clippedCount = 0
        for step in 0..<split.stepCount {
          replica.learningRate = schedule.learningRate(at: step, base: SmallProblem.options.learningRate)
          try require(replica.learningRate < SmallProblem.options.learningRate || step == 3, "\(replica.learningRate)")
          let own = split.samples(step: step, rank: communicator.rank)
          // Steps of equal shapes on all ranks in between, which a GPU records.
          let isEven = step % 2 == 1 || step > 5
          let samples = (0..<communicator.size * 3).map { step * 40 + $0 }
          let mine = isEven ? Array(samples[(communicator.rank * 3)...].prefix(3)) : own
          let outcome = try replica.step(mine.isEmpty ? nil : SmallProblem.batch(mine))

          let batch = SmallProblem.batch(isEven ? samples : split.all(step: step))
          optimizer.zeroGrad()
          try crossEntropy(reference(batch.inputs), batch.targets).backward()
          let norm = clipGradientNorm(reference.parameters, to: limit)
          if norm > limit { clippedCount += 1 }
          try requireClose([outcome.gradientNorm ?? -1], [norm], "the norm of step \(step)'s gradients")
          optimizer.setLearningRates(schedule, at: step, base: [SmallProblem.options.learningRate])
          optimizer.step()
          try requireClose(replica.model, reference)
        }
        // The limit is one that matters, and not always.
        try require((1..<split.stepCount).contains(clippedCount), "\(clippedCount) steps were clipped")
        try replica.verify()
      }
    },
    ReplicaCheck("step sizes: clipped steps of logical shards have the same bits on any number of ranks") {
      communicator in
      guard 4 % communicator.size == 0 else { return }
      func train(_ communicator: any Communicator, shardsOptimizer: Bool = false) throws -> Replica {
        // Of 88 elements with those between parameters, which cannot be cut into equal parts of whole 64 bytes.
        let model = SmallProblem.model { Sequential(Linear(6, 7), Sigmoid(), Linear(7, 3)) }
        let replica = try SmallProblem.replica(
          model, communicator, reproducibleShards: 4, gradientNormLimit: limit,
          shardsOptimizer: shardsOptimizer)
        let own = 4 / communicator.size
        for step in 0..<4 {
          for piece in 0..<own {
            let start = step * 40 + (communicator.rank * own + piece) * 3
            let batch = SmallProblem.batch(start..<start + 3)
            if piece == own - 1 { _ = try replica.step(batch) } else { try replica.accumulate(batch) }
          }
        }
        return replica
      }
      let alone = try train(LocalCommunicator())
      for shardsOptimizer in [false, true] {
        let several = try train(communicator, shardsOptimizer: shardsOptimizer)
        try requireClose(several.model, alone.model, within: 0)
        // From their number follows the order in which a GPU adds up the squares of many gradients.
        let (count, expected) = (several.arena.flat.count, alone.arena.flat.count)
        try require(count == expected, "\(count) elements, alone \(expected)")
      }
    },
  ]

  /// Near the norm of the gradients of a batch.
  private static let limit = 0.5
}
