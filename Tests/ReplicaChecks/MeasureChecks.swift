import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  /// Numbers that are measured beside the loss.
  static let measures = [
    ReplicaCheck("measures beside the loss are those of the whole batch") { communicator in
      for (reduction, shardsOptimizer) in [(LossReduction.sum, false), (.mean, true)] {
        let model = SmallProblem.perceptron()
        let replica = try SmallProblem.replica(
          model, communicator, gradientNormLimit: 1, shardsOptimizer: shardsOptimizer,
          measures: ["right", "square", "nothing"])
        let plain = try SmallProblem.replica(
          SmallProblem.perceptron(), communicator, gradientNormLimit: 1, shardsOptimizer: shardsOptimizer)
        let reference = SmallProblem.perceptron()
        let split = RandomSplit(ranks: communicator.size, stepCount: 8, count: 7)
        for step in 0..<split.stepCount {
          func loss(_ output: Tensor, _ targets: Tensor) -> Tensor {
            let right = output.argmax(1) .== targets
            replica.measure("right", reduction == .sum ? right.sum() : right.cast(to: .float64).mean())
            // In two parts.
            for column in [0..<1, 1..<3] {
              let part = output[0..., column] ** 2
              replica.measure("square", reduction == .sum ? part.sum() : part.sum([1]).mean())
            }
            return crossEntropy(output, targets, reduction: reduction)
          }
          let own = split.samples(step: step, rank: communicator.rank)
          let pieces = [own.dropFirst(2), own.prefix(2)].map { SmallProblem.batch($0) }
          try replica.accumulate(pieces[0], reduction: reduction, loss: loss)
          let outcome =
            step % 2 == 0
            ? try replica.step(pieces[1], reduction: reduction, loss: loss)
            : try replica.start(pieces[1], reduction: reduction, loss: loss).outcome()
          try reference.load(stateDictionary: plain.model.stateDictionary())
          let all = SmallProblem.batch(split.all(step: step))
          let output = noGrad { reference(all.inputs) }
          let right = (output.argmax(1) .== all.targets).cast(to: .float64).mean().item()
          let square = (output ** 2).sum([1]).mean().item()
          let found = ["right", "square", "nothing"].map { outcome.measures[$0] ?? .nan }
          try requireClose(found, [right, square, 0], "the measures of step \(step)")
          // What is measured changes nothing.
          try plain.accumulate(pieces[0], reduction: reduction) { crossEntropy($0, $1, reduction: reduction) }
          let expected = try plain.step(pieces[1], reduction: reduction) { crossEntropy($0, $1, reduction: reduction) }
          try requireClose([outcome.loss], [expected.loss], within: 0, "the loss of step \(step)")
          try require(expected.measures.isEmpty, "\(expected.measures)")
        }
        try requireClose(model, plain.model, within: 0)
        let none = try replica.step(nil)
        try require(none.measures.isEmpty, "\(none.measures)")
      }
    },
    ReplicaCheck("measures of recorded steps are those of their batches") { communicator in
      let replica = try SmallProblem.replica(
        SmallProblem.perceptron(), communicator, recordsSteps: true, measures: ["largest"])
      for step in 0..<6 {
        let first = step * 4 * communicator.size
        func largest(_ batch: Batch) -> Tensor { batch.inputs.maximum(along: 1).values.sum() }
        let outcome = try replica.start(
          SmallProblem.batch(first + communicator.rank * 4..<first + communicator.rank * 4 + 4)
        ) { (batch: Batch) in
          replica.measure("largest", largest(batch))
          guard let model = replica.model as? Sequential else { preconditionFailure("another model") }
          return crossEntropy(model(batch.inputs), batch.targets, reduction: .sum)
        }.outcome()
        let all = SmallProblem.batch(first..<first + 4 * communicator.size)
        let expected = largest(all).item() / outcome.count
        try requireClose([outcome.measures["largest"] ?? .nan], [expected], "the measure of step \(step)")
      }
    },
    ReplicaCheck("measures of logical shards are added with their gradients") { communicator in
      let shards = 4
      guard shards % communicator.size == 0 else { return }
      let replica = try SmallProblem.replica(
        SmallProblem.perceptron(), communicator, reproducibleShards: shards, measures: ["number"])
      for step in 0..<3 {
        let own = shards / communicator.size
        func loss(_ output: Tensor, _ targets: Tensor) -> Tensor {
          replica.measure("number", targets.sum())
          return crossEntropy(output, targets, reduction: .sum)
        }
        func batch(_ piece: Int) -> Batch {
          let shard = communicator.rank * own + piece
          return SmallProblem.batch(step * 8 + 2 * shard..<step * 8 + 2 * shard + 2)
        }
        for piece in 0..<own - 1 { try replica.accumulate(batch(piece), loss: loss) }
        let outcome = try replica.step(batch(own - 1), loss: loss)
        let expected = SmallProblem.batch(step * 8..<step * 8 + 8).targets.sum().item() / 8
        try requireClose([outcome.measures["number"] ?? .nan], [expected], "the measure of step \(step)")
      }
    },
  ]
}
