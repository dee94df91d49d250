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
    }
  ]
}
