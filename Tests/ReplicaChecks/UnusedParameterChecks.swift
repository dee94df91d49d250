import Autograd
import Collective
import DistTrain

/// Takes one of several branches, and leaves one of them to nobody.
private final class Branching: Module, Layer {
  let first = Linear(6, 5)
  let branches = [Linear(5, 5), Linear(5, 5), Linear(5, 5)]
  let last = Linear(5, 3)
  /// Chooses by the inputs where it is nil.
  var branch: Int?

  func callAsFunction(_ x: Tensor) -> Tensor {
    let chosen = branch ?? (x.sum().item() > 0 ? 0 : 1)
    return last(branches[chosen](first(x).sigmoid()).sigmoid())
  }
}

/// Two inputs of which gradients flow to the first only, though the graph has both.
private struct FirstOfTwo: DifferentiableFunction {
  func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor { inputs[0].cloned() }
  func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] { [gradient, nil] }
}

/// Has a layer that the graph reaches, in some steps without a gradient.
private final class Gated: Module, Layer {
  let main = Linear(6, 3)
  let side = Linear(6, 3)
  var isOpen = true

  func callAsFunction(_ x: Tensor) -> Tensor {
    isOpen ? main(x) + side(x) : FirstOfTwo()(main(x), side(x))
  }
}

extension ReplicaCheck {
  static let unusedParameters = [
    ReplicaCheck("unused parameters: each rank takes another branch") { communicator in
      try checkBranches(communicator) { step, rank in (step + rank) % 2 }
    },
    ReplicaCheck("unused parameters: a rank chooses its branch by its data") { communicator in
      try checkBranches(communicator) { _, _ in nil }
    },
    ReplicaCheck("unused parameters: a graph through which no gradient flows leaves none of the step before") {
      communicator in
      let model = SmallProblem.model { Gated() }
      let reference = SmallProblem.model { Gated() }
      let replica = try SmallProblem.replica(model, communicator)
      let whole = WholeProcess(reference)
      for step in 0..<4 {
        model.isOpen = step % 2 == 0
        reference.isOpen = model.isOpen
        func part(_ rank: Int) -> [Int] { Array(step * 20 + rank * 3..<step * 20 + rank * 3 + 3) }
        let outcome = try replica.step(SmallProblem.batch(part(communicator.rank)))
        let expected = try whole.step(SmallProblem.batch((0..<communicator.size).flatMap(part)))
        try requireClose([outcome.loss], [expected], "the loss of step \(step)")
      }
      try requireClose(replica.model, whole.model)
    },
  ]

  private static func checkBranches(
    _ communicator: any Communicator, _ branch: (_ step: Int, _ rank: Int) -> Int?
  ) throws {
    let model = SmallProblem.model { Branching() }
    let reference = SmallProblem.model { Branching() }
    let replica = try SmallProblem.replica(model, communicator)
    let whole = WholeProcess(reference)
    for step in 0..<6 {
      func batch(_ rank: Int) -> Batch { SmallProblem.batch(Array(step * 20 + rank * 2..<step * 20 + rank * 2 + 2)) }
      model.branch = branch(step, communicator.rank)
      let outcome = try replica.step(batch(communicator.rank))
      let expected = try whole.step(count: 2 * communicator.size) {
        (0..<communicator.size).map { rank in
          reference.branch = branch(step, rank)
          return crossEntropy(reference(batch(rank).inputs), batch(rank).targets, reduction: .sum)
        }.reduce(Tensor.zeros([], dtype: .float64), +)
      }
      try requireClose([outcome.loss], [expected], "the loss of step \(step)")
    }
    try requireClose(replica.model, whole.model)
    try replica.verify()
  }
}
