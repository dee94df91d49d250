extension Module {
  /// Runs `body` while other tensors stand in the places of parameters and buffers, as `torch.func.functional_call`: what
  /// the module computes then is a function of those, to which the gradients flow. So a model takes a step and is
  /// differentiated through it, as in MAML (C. Finn et al., arXiv:1703.03400), or gets weights that another has made.
  ///
  ///     let slopes = try gradients(of: loss(model(x), y), withRespectTo: model.parameters, createGraph: true)
  ///     let adapted = zip(model.parameters, slopes).map { $0 - 0.01 * $1 }
  ///     let outcome = model.withWeights(adapted) { loss(model(x), y) }
  ///     try outcome.backward()   // the gradient of the step's outcome with respect to the parameters before it
  ///
  /// Only what the module, or those in it, have as ``Parameter`` or ``Buffer`` is replaced. Within `body` these are the
  /// given tensors in every respect but their identity: a gradient that is asked for with respect to a parameter is that of
  /// the tensor in its place, and what is changed in place is that tensor.
  ///
  /// - Parameter weights: In the order of ``parameters``, of which none is left out, and of their shapes, types and device;
  ///   anything else traps.
  /// - Throws: What `body` throws.
  public func withWeights<Result>(_ weights: [Tensor], _ body: () throws -> Result) rethrows -> Result {
    let named = namedParameters()
    precondition(
      weights.count == named.count,
      "withWeights: \(weights.count) tensors for a \(type(of: self)) of \(named.count) parameters")
    for ((name, parameter), weight) in zip(named, weights) { Self.require(weight, fits: parameter, name) }
    return try Substitution.run(named.map(\.parameter), as: weights, body)
  }

  /// The same with tensors by the names of parameters and buffers, as in ``stateDictionary()``; those that are not named
  /// stay. A name that is none traps, as do two tensors for what several modules share.
  ///
  /// - Throws: What `body` throws.
  public func withWeights<Result>(_ weights: [String: Tensor], _ body: () throws -> Result) rethrows -> Result {
    var seen: Set<String> = []
    var targets: [(tensor: Tensor, replacement: Tensor)] = []
    for (name, tensor) in state() {
      guard let weight = weights[name] else { continue }
      seen.insert(name)
      Self.require(weight, fits: tensor, name)
      if let earlier = targets.first(where: { $0.tensor === tensor }) {
        precondition(earlier.replacement === weight, "withWeights: two tensors for one, of which '\(name)' is a name")
      } else {
        targets.append((tensor, weight))
      }
    }
    let unknown = weights.keys.filter { !seen.contains($0) }.sorted()
    precondition(
      unknown.isEmpty,
      "withWeights: \(unknown) in none of the parameters and buffers of \(type(of: self)): \(state().map(\.name))")
    return try Substitution.run(targets.map(\.tensor), as: targets.map(\.replacement), body)
  }

  private static func require(_ weight: Tensor, fits tensor: Tensor, _ name: String) {
    precondition(
      weight.shape == tensor.shape && weight.dtype == tensor.dtype && weight.device == tensor.device,
      "withWeights: \(weight.shape) of \(weight.dtype) on \(weight.device) for '\(name)', "
        + "expected \(tensor.shape) of \(tensor.dtype) on \(tensor.device)")
  }
}
