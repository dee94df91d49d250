/// What ``LBFGS`` remembers of its iterations: the last changes of the parameters and of their gradients, which stand for
/// the inverse of the loss's second derivatives.
struct QuasiNewtonMemory {
  /// A change of the parameters, that of the gradient, and one over their product.
  private struct Change {
    let step: Tensor
    let gradient: Tensor
    let inverseProduct: Double

    init(step: Tensor, gradient: Tensor, product: Double) {
      (self.step, self.gradient, inverseProduct) = (step, gradient, 1 / product)
    }
  }

  private var iterationCount = 0
  var evaluationCount = 0
  /// The oldest first.
  private var changes: [Change] = []
  /// What the unit matrix is multiplied by in place of the second derivatives that nothing is remembered of.
  private var scale = 1.0
  private var direction: Tensor?
  /// How far along the direction the last step went.
  var length = 0.0
  private var gradient: Tensor?

  init() {}

  var isEmpty: Bool { iterationCount == 0 }

  /// The direction of the next step, from a point with the given gradient.
  mutating func direction(_ gradient: Tensor, historySize: Int) -> Tensor {
    iterationCount += 1
    guard let before = self.gradient, let last = direction else {
      let steepest = -gradient
      direction = steepest
      return steepest
    }
    let (change, step) = (gradient - before, last * length)
    let product = change.dot(step)
    if product > 1e-10 {
      changes.append(Change(step: step, gradient: change, product: product))
      changes.removeFirst(max(0, changes.count - historySize))
      scale = product / change.dot(change)
    }
    var result = -gradient
    var factors: [Double] = []
    for change in changes.reversed() {
      let factor = change.step.dot(result) * change.inverseProduct
      result = result - change.gradient * factor
      factors.append(factor)
    }
    result = result * scale
    for (change, factor) in zip(changes, factors.reversed()) {
      result = result + change.step * (factor - change.gradient.dot(result) * change.inverseProduct)
    }
    direction = result
    return result
  }

  /// Takes note of how far along the direction the step from a point with the given gradient is to go.
  mutating func noteStep(_ length: Double, from gradient: Tensor) {
    (self.length, self.gradient) = (length, gradient)
  }

  func stateDictionary() -> [(name: String, tensor: Tensor)] {
    guard let direction, let gradient else { return [] }
    return [
      ("func_evals", Tensor(evaluationCount)), ("n_iter", Tensor(iterationCount)), ("d", direction),
      ("t", .full([], length, dtype: .float64)), ("H_diag", .full([], scale, dtype: .float64)),
      ("prev_flat_grad", gradient),
    ]
      + changes.enumerated().flatMap { index, change in
        [("old_dirs.\(index)", change.gradient), ("old_stps.\(index)", change.step)]
      }
  }

  /// - Parameter count: The elements of all parameters.
  /// - Throws: ``StateDictionaryError`` where entries do not fit.
  init(
    stateDictionary: [(name: String, tensor: Tensor)], count: Int, dtype: DataType, device: Device
  ) throws {
    guard !stateDictionary.isEmpty else { return }
    let numbers = [("func_evals", DataType.int64), ("n_iter", .int64), ("t", .float64), ("H_diag", .float64)]
    let changeCount = stateDictionary.count { $0.name.hasPrefix("old_dirs.") }
    let vectors = ["d", "prev_flat_grad"] + (0..<changeCount).flatMap { ["old_dirs.\($0)", "old_stps.\($0)"] }
    let entries =
      numbers.map { StateEntry($0.0, [], $0.1) } + vectors.map { StateEntry($0, [count], dtype) }
    let found = try StateEntry.match(entries, with: stateDictionary, strict: true).found.compactMap { $0 }
    (evaluationCount, iterationCount) = (found[0].array(of: Int.self)[0], found[1].array(of: Int.self)[0])
    (length, scale) = (found[2].item(), found[3].item())
    let rest = found[4...].map { $0.detached().cast(to: dtype).to(device).cloned() }
    (direction, gradient) = (rest[0], rest[1])
    changes = stride(from: 2, to: rest.count, by: 2).map {
      Change(step: rest[$0 + 1], gradient: rest[$0], product: rest[$0].dot(rest[$0 + 1]))
    }
  }
}
