/// The quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno with limited memory, as `torch.optim.LBFGS`: for losses
/// of all data at once, as of small networks that are fitted to an equation, or of a picture.
///
/// A step makes several iterations, each with gradients of its own, so that it is given what computes them:
///
///     let optimizer = LBFGS(model.parameters, .init(lineSearch: .strongWolfe))
///     for _ in 0..<20 {
///       try optimizer.step {
///         optimizer.zeroGrad()
///         let loss = meanSquaredError(model(x), y)
///         try loss.backward()
///         return loss
///       }
///     }
///
/// Directions follow from the last changes of parameters and gradients by two loops (J. Nocedal, S. Wright, "Numerical
/// Optimization", 2nd edition, algorithms 7.4 and 7.5). On several ranks each makes the same steps where the closure adds up
/// losses and gradients over the ranks; a `Replica`, whose step has one backward pass, does not take this optimizer.
public final class LBFGS {
  /// The numbers of the method, with PyTorch's defaults.
  public struct Options: Sendable, Equatable {
    /// The length of a step along its direction; with a line search, the first that is tried.
    public var learningRate: Double
    /// The most iterations of a step.
    public var maximumIterations: Int
    /// The most times that a step asks for the loss, a quarter more than iterations if nil.
    public var maximumEvaluations: Int?
    /// A step ends where no element of the gradient is larger.
    public var gradientTolerance: Double
    /// A step ends where an iteration changes neither the loss nor any parameter by more.
    public var changeTolerance: Double
    /// How many changes are remembered.
    public var historySize: Int
    /// How the length of a step is found; nil takes the learning rate.
    public var lineSearch: LineSearch?

    /// Numbers with PyTorch's defaults; a negative one, no iterations and no evaluations trap.
    public init(
      learningRate: Double = 1, maximumIterations: Int = 20, maximumEvaluations: Int? = nil,
      gradientTolerance: Double = 1e-7, changeTolerance: Double = 1e-9, historySize: Int = 100,
      lineSearch: LineSearch? = nil
    ) {
      precondition(
        learningRate >= 0 && gradientTolerance >= 0 && changeTolerance >= 0 && historySize >= 0,
        "LBFGS with a negative number: learning rate \(learningRate), tolerances \(gradientTolerance) and "
          + "\(changeTolerance), history size \(historySize)")
      precondition(
        maximumIterations > 0 && maximumEvaluations ?? 1 > 0,
        "LBFGS with \(maximumIterations) iterations and \(maximumEvaluations ?? 1) evaluations a step")
      self.learningRate = learningRate
      self.maximumIterations = maximumIterations
      self.maximumEvaluations = maximumEvaluations
      self.gradientTolerance = gradientTolerance
      self.changeTolerance = changeTolerance
      self.historySize = historySize
      self.lineSearch = lineSearch
    }
  }

  /// A way to find the length of a step.
  public enum LineSearch: Sendable {
    /// So that loss and slope become smaller by enough: the strong Wolfe conditions.
    case strongWolfe
  }

  /// The numbers of the method, which may be changed between steps.
  public var options: Options
  /// The parameters.
  public let parameters: [Tensor]
  private var memory = QuasiNewtonMemory()

  /// An optimizer of `parameters`; none, or of several types, trap.
  public init(_ parameters: [Tensor], _ options: Options = Options()) {
    precondition(!parameters.isEmpty, "an optimizer of no parameters")
    precondition(
      parameters.allSatisfy { $0.dtype == parameters[0].dtype && $0.dtype.isFloatingPoint },
      "LBFGS of parameters of \(parameters.map(\.dtype))")
    self.parameters = parameters
    self.options = options
  }

  /// How often the loss was asked for, in all steps.
  public var evaluationCount: Int { memory.evaluationCount }

  /// Forgets the gradients.
  public func zeroGrad() {
    for parameter in parameters { parameter.grad = nil }
  }

  /// Makes up to `maximumIterations` iterations.
  ///
  /// - Parameter evaluate: Forgets the gradients, computes the loss and its gradients anew, and gives the loss.
  /// - Returns: The loss before the step.
  /// - Throws: What `evaluate` throws; the parameters are then where it was called.
  @discardableResult
  public func step(_ evaluate: () throws -> Tensor) throws -> Tensor {
    let evaluationsBefore = memory.evaluationCount
    var evaluations: Int { memory.evaluationCount - evaluationsBefore }
    let limit = options.maximumEvaluations ?? options.maximumIterations * 5 / 4
    func noted(_ loss: Tensor) -> (loss: Double, gradient: Tensor) {
      memory.evaluationCount += 1
      return (loss.item(), flatGradient())
    }
    let first = try evaluate()
    var (loss, gradient) = noted(first)
    guard !isSmall(gradient) else { return first }

    for iteration in 1...options.maximumIterations {
      let isFirst = memory.isEmpty
      let direction = memory.direction(gradient, historySize: options.historySize)
      let lossBefore = loss
      var length = isFirst ? min(1, 1 / gradient.abs().sum().item()) * options.learningRate : options.learningRate
      memory.noteStep(length, from: gradient)
      let slope = gradient.dot(direction)
      guard !(slope > -options.changeTolerance) else { break }

      if options.lineSearch != nil {
        let start = LinePoint(length: 0, loss: loss, gradient: gradient, slope: slope)
        let search = StrongWolfeSearch(
          start: start, direction: direction, changeTolerance: options.changeTolerance, limit: limit - evaluations)
        let origin = noGrad { parameters.map { $0.cloned() } }
        let end = try search.run(from: length) { length in
          try move(direction, by: length)
          let found = noted(try evaluate())
          for (parameter, old) in zip(parameters, origin) { try noGrad { try parameter.copyElements(from: old) } }
          return found
        }
        (loss, gradient, length) = (end.loss, end.gradient, end.length)
        memory.length = length
        try move(direction, by: length)
      } else {
        try move(direction, by: length)
        // After the last one nobody needs the loss.
        if iteration < options.maximumIterations { (loss, gradient) = noted(try evaluate()) }
      }
      let largestChange = (direction * length).abs().maximum().item()
      if evaluations >= limit || isSmall(gradient) || largestChange <= options.changeTolerance
        || abs(loss - lossBefore) < options.changeTolerance
      {
        break
      }
    }
    return first
  }

  private func isSmall(_ gradient: Tensor) -> Bool { gradient.abs().maximum().item() <= options.gradientTolerance }

  /// The gradients of all parameters one after another, 0 for those that have none.
  private func flatGradient() -> Tensor {
    .concatenated(
      parameters.map { parameter in
        (parameter.grad?.detached() ?? .zeros(parameter.shape, dtype: parameter.dtype, device: parameter.device))
          .reshaped([-1])
      })
  }

  private func move(_ direction: Tensor, by length: Double) throws {
    var start = 0
    for parameter in parameters {
      let part = direction.sliced(start..<start + parameter.count, along: 0).reshaped(parameter.shape)
      try noGrad { try parameter += part * length }
      start += parameter.count
    }
  }
}

extension LBFGS {
  /// Everything that later steps depend on, besides parameters and options, by PyTorch's names; no entries before the first
  /// step.
  public func stateDictionary() -> [(name: String, tensor: Tensor)] { memory.stateDictionary() }

  /// Continues from a copy of what ``stateDictionary()`` gave.
  ///
  /// - Throws: ``StateDictionaryError`` when entries are missing, unexpected or misshapen; nothing is changed then.
  public func load(stateDictionary: [(name: String, tensor: Tensor)]) throws {
    let count = parameters.reduce(0) { $0 + $1.count }
    memory = try QuasiNewtonMemory(
      stateDictionary: stateDictionary, count: count, dtype: parameters[0].dtype, device: parameters[0].device)
  }
}

extension Tensor {
  /// The sum of the products of two vectors' elements, as a number.
  func dot(_ other: Tensor) -> Double { (self * other).sum().item() }
}
