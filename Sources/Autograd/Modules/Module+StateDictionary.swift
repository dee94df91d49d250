extension Module {
  /// The parameters and buffers of this module and all in it, in PyTorch's order: for each module first its own
  /// parameters, then its own buffers, then the modules in it.
  ///
  /// The tensors share the module's memory. What several modules share is listed under each of its names.
  public func stateDictionary() -> [(name: String, tensor: Tensor)] {
    state().map { ($0.name, $0.tensor.detached()) }
  }

  /// The same with the parameters and buffers themselves.
  func state() -> [(name: String, tensor: Tensor)] {
    var entries: [(name: String, tensor: Tensor)] = []
    appendState(prefix: "", path: [], to: &entries)
    return entries
  }

  private func appendState(
    prefix: String, path: [Module], to entries: inout [(name: String, tensor: Tensor)]
  ) {
    guard !path.contains(where: { $0 === self }) else { return }
    let members = members()
    for case (let name, .parameter(let parameter)) in members {
      entries.append((Self.joined(prefix, name), parameter))
    }
    for case (let name, .buffer(let buffer)) in members {
      entries.append((Self.joined(prefix, name), buffer))
    }
    for case (let name, .module(let module)) in members {
      module.appendState(prefix: Self.joined(prefix, name), path: path + [self], to: &entries)
    }
  }

  /// Copies the elements of a state dictionary into parameters and buffers, which keep their memory and type.
  ///
  /// So a module becomes a copy of another that was made alike, in memory of its own, as PyTorch's `copy.deepcopy`:
  ///
  ///     let teacher = Perceptron()
  ///     try teacher.load(stateDictionary: model.stateDictionary())
  ///
  /// It is in the mode and as frozen as it was. To make it has drawn from the default generator, which goes on from there.
  ///
  /// What several modules share is not missing if it is there under one of its names.
  ///
  /// - Parameters:
  ///   - stateDictionary: Tensors by the names that ``stateDictionary()`` gives.
  ///   - strict: Whether missing and unexpected names are errors; shapes always have to fit.
  /// - Returns: The missing and unexpected names, of which there are none if `strict`.
  /// - Throws: ``StateDictionaryError`` that lists all that does not fit; nothing is changed then.
  @discardableResult
  public func load(
    stateDictionary: [(name: String, tensor: Tensor)], strict: Bool = true
  ) throws -> UnmatchedNames {
    let own = state()
    let entries = own.map { StateEntry($0.name, $0.tensor.shape, $0.tensor.dtype, of: $0.tensor) }
    let (found, unmatched) = try StateEntry.match(entries, with: stateDictionary, strict: strict)
    for case ((_, let target), let source?) in zip(own, found) {
      target.storage.version &+= 1
      target.assign(source)
    }
    return unmatched
  }
}
