/// An optimizer that updates each parameter by a rule.
///
/// The parameters are any tensors that require gradients: a model's, one by one, or all of them at once as
/// ``ParameterArena/flat``, in one pass.
///
///     let optimizer = SGD(model.parameters, learningRate: 0.1, momentum: 0.9)
///     let grouped = Adam(groups: [
///       ParameterGroup(body.parameters, .init(learningRate: 1e-4)),
///       ParameterGroup(head.parameters, .init(learningRate: 1e-3)),
///     ])
public final class ParameterOptimizer<Rule: UpdateRule>: Optimizer, RevertibleOptimizer {
  /// The numbers of the update rule.
  public typealias Options = Rule

  /// The parameters, with the options of each group.
  public let groups: [ParameterGroup<Rule>]

  /// An optimizer of groups of parameters, each with options of its own.
  ///
  /// A parameter given twice, a computed tensor, or none at all traps.
  public init(groups: [ParameterGroup<Rule>]) {
    var seen: Set<ObjectIdentifier> = []
    for parameter in groups.lazy.flatMap(\.parameters) {
      precondition(
        seen.insert(ObjectIdentifier(parameter)).inserted,
        "a parameter of shape \(parameter.shape) was given to the optimizer twice")
      precondition(
        parameter.isLeaf,
        "a tensor of shape \(parameter.shape) is the result of \(parameter.gradientFunction?.name ?? ""), no parameter")
    }
    precondition(!seen.isEmpty, "an optimizer of no parameters")
    self.groups = groups
  }

  /// An optimizer of `parameters`, all with the same options.
  public convenience init(_ parameters: [Tensor], _ options: Options) {
    self.init(groups: [ParameterGroup(parameters, options)])
  }

  /// The options of the first group, which is the only one unless several were given.
  public var options: Options {
    get { groups[0].options }
    set { groups[0].options = newValue }
  }

  /// The learning rate of each group.
  public var learningRates: [Double] {
    get { groups.map(\.options.learningRate) }
    set {
      precondition(newValue.count == groups.count, "\(newValue.count) learning rates for \(groups.count) groups")
      for (group, rate) in zip(groups, newValue) { group.options.learningRate = rate }
    }
  }

  /// Updates every parameter that has a gradient, which is multiplied by `gradientScale` first.
  public func step(gradientScale: Double) {
    for group in groups { group.step(gradientScale: gradientScale) }
  }

  /// Takes back the last steps, which a GPU left out: they do not count.
  package func takeBack(_ count: Int) {
    for group in groups { group.takeBack(count) }
  }

  /// Forgets the gradients, so that the next backward pass starts afresh; those of ``ParameterArena/flat`` become zeros.
  public func zeroGrad() {
    for group in groups {
      for parameter in group.parameters { parameter.grad = nil }
    }
  }

  /// More updates than there can have been.
  private static var stepLimit: Int { 1 << 53 }

  /// The groups' parameters by their place among all of them.
  private var places: [(group: ParameterGroup<Rule>, index: Int)] {
    groups.flatMap { group in group.parameters.indices.map { (group, $0) } }
  }

  /// The number of updates and the rule's arrays of every parameter, named as in `0.momentum_buffer`.
  public func stateDictionary() -> [(name: String, tensor: Tensor)] {
    places.enumerated().flatMap { number, place in
      place.group.state(of: place.index).map { ("\(number).\($0.name)", $0.tensor) }
    }
  }

  /// Continues from a copy of what ``stateDictionary()`` gave.
  ///
  /// - Throws: ``StateDictionaryError`` when entries are missing, unexpected or misshapen; nothing is changed then.
  public func load(stateDictionary: [(name: String, tensor: Tensor)]) throws {
    let given = Set(stateDictionary.map { $0.name.prefix { $0 != "." } })
    let layouts = places.enumerated().map { number, place in
      given.contains("\(number)")
        ? place.group.stateLayout(of: place.index).map { StateEntry("\(number).\($0.name)", $0.shape, $0.dtype) } : []
    }
    let entries = layouts.flatMap { $0 }
    var tensors = try StateEntry.match(entries, with: stateDictionary, strict: true).found.compactMap { $0 }[...]
    let impossible = zip(entries, tensors).filter { entry, tensor in
      entry.dtype == .int64 && !(1..<Self.stepLimit).contains(tensor.array(of: Int.self)[0])
    }
    guard impossible.isEmpty else {
      throw StateDictionaryError(
        missing: [], unexpected: [],
        mismatched: impossible.map { "\($0.name) is \($1.array(of: Int.self)[0]) instead of a number of updates" })
    }
    for (place, layout) in zip(places, layouts) {
      place.group.setState(of: place.index, to: Array(tensors.prefix(layout.count)))
      tensors = tensors.dropFirst(layout.count)
    }
  }
}
