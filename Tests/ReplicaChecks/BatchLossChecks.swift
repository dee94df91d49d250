import Autograd
import Collective
import DistTrain

/// Takes two tensors, and is no layer.
private final class TwoTowers: Module {
  let numbers = Embedding(7, 4, dtype: .float64)
  let points = Linear(6, 4, dtype: .float64)

  func callAsFunction(_ number: Tensor, _ point: Tensor) -> Tensor { (numbers(number) * points(point)).sum([1]) }

  /// The sum of the losses of a batch of numbers, points and targets.
  func loss(_ batch: Batch) -> Tensor {
    binaryCrossEntropyWithLogits(self(batch[0], batch[1]), batch[2], reduction: .sum)
  }

  /// The mean loss of a batch with a penalty for large scores.
  func penalizedMean(_ batch: Batch) -> Tensor {
    let scores = self(batch[0], batch[1])
    return binaryCrossEntropyWithLogits(scores, batch[2]) + 0.1 * (scores * scores).mean()
  }
}

/// Numbers, points, and whether the point's class is that of the number.
private struct Pairs: Dataset {
  let count = 30

  func batch(_ indices: [Int]) -> Batch {
    let points = SmallProblem.batch(indices)
    let numbers = Tensor(indices.map { $0 % 7 }, shape: [indices.count])
    let same = (points.targets .== Tensor(indices.map { $0 % 7 % 3 }, shape: [indices.count])).cast(to: .float64)
    return Batch([numbers, points.inputs, same])
  }
}

extension ReplicaCheck {
  static let batchLosses = [
    ReplicaCheck("a loss of the batch trains and measures a model of several tensors") { communicator in
      for inPieces in [false, true] {
        let model = SmallProblem.model { TwoTowers() }
        let replica = try SmallProblem.replica(model, communicator)
        let whole = WholeProcess(SmallProblem.model { TwoTowers() })
        guard let reference = whole.model as? TwoTowers else { preconditionFailure("another model") }
        for step in 0..<4 {
          let samples = Array(step * 7..<step * 7 + 9)
          let own = samples.filter { $0 % communicator.size == communicator.rank }
          if inPieces { try replica.accumulate(Pairs().batch(Array(own.dropFirst()))) { model.loss($0) } }
          let last = Pairs().batch(inPieces ? Array(own.prefix(1)) : own)
          let outcome =
            step % 2 == 0
            ? try replica.step(last) { model.loss($0) } : try replica.start(last) { model.loss($0) }.outcome()
          let expected = try whole.step(count: 9) { reference.loss(Pairs().batch(samples)) }
          try requireClose([outcome.loss], [expected], "the loss of step \(step)")
        }
        try requireClose(model, reference)
        let sums = try Evaluation.sums(of: model, on: Pairs(), communicator: communicator, batch: 7) { batch in
          [model.loss(batch).item(), Double(batch.count)]
        }
        let expected = noGrad { reference.loss(Pairs().batch(Array(0..<30))).item() }
        try requireClose(sums, [expected, 30], "the sums over all samples")
      }
    },
    ReplicaCheck("a loss of means counts every sample once") { communicator in
      for inPieces in [false, true] {
        let model = SmallProblem.model { TwoTowers() }
        let replica = try SmallProblem.replica(model, communicator)
        let whole = WholeProcess(SmallProblem.model { TwoTowers() })
        guard let reference = whole.model as? TwoTowers else { preconditionFailure("another model") }
        for step in 0..<4 {
          // Rank 0 has most, and some ranks have none.
          let samples = Array(step * 7..<step * 7 + 9)
          let own = samples.filter { min($0 % 5, communicator.size - 1) == communicator.rank }
          if inPieces {
            try replica.accumulate(Pairs().batch(Array(own.dropFirst())), reduction: .mean) { model.penalizedMean($0) }
          }
          let last = Pairs().batch(inPieces ? Array(own.prefix(1)) : own)
          let outcome =
            step % 2 == 0
            ? try replica.step(last, reduction: .mean) { model.penalizedMean($0) }
            : try replica.start(last, reduction: .mean) { model.penalizedMean($0) }.outcome()
          let expected = try whole.step(count: 9) { reference.penalizedMean(Pairs().batch(samples)) * 9 }
          try requireClose([outcome.loss], [expected], "the loss of step \(step)")
        }
        try requireClose(model, reference)
      }
    },
    ReplicaCheck("a mean over something else than samples") { communicator in
      let model = SmallProblem.model { TwoTowers() }
      let replica = try SmallProblem.replica(model, communicator)
      let whole = WholeProcess(SmallProblem.model { TwoTowers() })
      guard let reference = whole.model as? TwoTowers else { preconditionFailure("another model") }
      for step in 0..<3 {
        let own = Array(0..<10).filter { $0 % communicator.size == communicator.rank }
        let outcome = try replica.step(Pairs().batch(own), count: Double(2 * own.count), reduction: .mean) {
          model.penalizedMean($0)
        }
        let expected = try whole.step(count: 20) { reference.penalizedMean(Pairs().batch(Array(0..<10))) * 20 }
        try requireClose([outcome.loss], [expected], "the loss of step \(step)")
      }
      try requireClose(model, reference)
    },
    ReplicaCheck("a mean over weights of classes") { communicator in
      let weight = Tensor([0.3, 1.7, 0.9], dtype: .float64)
      let model = SmallProblem.perceptron()
      let replica = try SmallProblem.replica(model, communicator)
      let whole = WholeProcess(SmallProblem.perceptron())
      guard let reference = whole.model as? Sequential else { preconditionFailure("another model") }
      for step in 0..<6 {
        // Rank 0 has most, and some ranks have none.
        let samples = Array(step * 7..<step * 7 + 9)
        let own = samples.filter { min($0 % 5, communicator.size - 1) == communicator.rank }
        let pieces = [Array(own.dropFirst()), Array(own.prefix(1))].map { SmallProblem.batch($0) }
        let counts = pieces.map { weight.selected($0.targets, along: 0).sum().item() }
        let reduction: LossReduction = step % 2 == 0 ? .mean : .sum
        func loss(_ output: Tensor, _ targets: Tensor) -> Tensor {
          crossEntropy(output, targets, weight: weight.to(output.device), reduction: reduction)
        }
        try replica.accumulate(pieces[0], count: counts[0], reduction: reduction, loss: loss)
        let outcome =
          step < 3
          ? try replica.step(pieces[1], count: counts[1], reduction: reduction, loss: loss)
          : try replica.start(pieces[1], count: counts[1], reduction: reduction, loss: loss).outcome()
        let all = SmallProblem.batch(samples)
        let expected = try whole.step(count: 1) { crossEntropy(reference(all.inputs), all.targets, weight: weight) }
        try requireClose([outcome.loss], [expected], "the loss of step \(step)")
        let sum = weight.selected(all.targets, along: 0).sum().item()
        try requireClose([outcome.count], [sum], "the weights of step \(step)")
      }
      try requireClose(model, reference)
    },
    ReplicaCheck("what a loss throws, the step throws") { communicator in
      struct Failure: Error {}
      let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
      var isThrown = false
      do {
        _ = try replica.step(SmallProblem.batch(0..<3)) { _ in throw Failure() }
      } catch is Failure {
        isThrown = true
      }
      try require(isThrown, "the step did not throw")
      // It is as if the step had never begun, with the piece before it.
      let clean = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
      try replica.accumulate(SmallProblem.batch(3..<5))
      do {
        try replica.accumulate(SmallProblem.batch(0..<3), loss: { _ in throw Failure() })
      } catch is Failure {}
      for step in 0..<2 {
        let batch = SmallProblem.batch(step * 7..<step * 7 + 2)
        let (found, expected) = (try replica.step(batch), try clean.step(batch))
        try require(found.count == expected.count, "\(found.count) samples, expected \(expected.count)")
        try requireClose([found.loss], [expected.loss], within: 0, "the loss of step \(step)")
      }
      try requireClose(replica.model, clean.model, within: 0)
    },
    ReplicaCheck("a mean over nothing is no loss and has no gradients") { communicator in
      let model = SmallProblem.model { TwoTowers() }
      let replica = try SmallProblem.replica(model, communicator)
      let whole = WholeProcess(SmallProblem.model { TwoTowers() })
      guard let reference = whole.model as? TwoTowers else { preconditionFailure("another model") }
      // Of rank 0's first piece no sample counts, and of its last all, as of the others'.
      func maskedMean(_ model: TwoTowers, _ batch: Batch, counts: Bool) -> Tensor {
        let scores = model(batch[0], batch[1])
        let mask = Tensor.full(scores.shape, counts ? 1 : 0).cast(to: .float64).to(scores.device)
        return (scores * scores * mask).sum() / mask.sum()
      }
      try replica.accumulate(Pairs().batch([20, 21]), count: 0, reduction: .mean) {
        maskedMean(model, $0, counts: false)
      }
      let samples = Array(communicator.rank * 3..<communicator.rank * 3 + 3)
      let outcome = try replica.step(Pairs().batch(samples), count: 3, reduction: .mean) {
        maskedMean(model, $0, counts: true)
      }
      let all = 3 * communicator.size
      let expected = try whole.step(count: all) {
        maskedMean(reference, Pairs().batch(Array(0..<all)), counts: true) * Double(all)
      }
      try requireClose([outcome.loss], [expected], "the loss")
      try requireClose(model, reference)
    },
  ]
}
