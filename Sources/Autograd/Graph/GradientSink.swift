/// Where an operation's backward function puts the gradients of its inputs.
struct GradientSink {
  private let node: Node
  private let pass: BackwardPass

  init(node: Node, pass: BackwardPass) {
    self.node = node
    self.pass = pass
  }

  /// Whether a gradient is wanted for input `index`.
  func needs(_ index: Int) -> Bool { pass.wants(node.edges[index]) }

  /// Adds a gradient of input `index`, computed only if it is wanted.
  func add(_ index: Int, _ gradient: @autoclosure () -> Tensor) {
    let edge = node.edges[index]
    guard pass.wants(edge) else { return }
    switch edge {
    case .none: break
    case .leaf(let leaf): pass.accumulate(gradient(), into: leaf)
    case .node(let node): pass.accumulate(gradient(), into: node)
    }
  }

  /// Adds a gradient of input `index` that nothing else holds: others may be added to it in place.
  func give(_ index: Int, _ gradient: consuming Tensor) {
    let edge = node.edges[index]
    guard pass.wants(edge) else { return }
    switch edge {
    case .none: break
    case .leaf(let leaf): pass.accumulate(gradient, into: leaf)
    case .node(let node): pass.accumulate(gradient, into: node, owned: true)
    }
  }

  /// Lets `body` write a gradient of input `index`, of the shape of `x`, in one with what other uses of an operation's
  /// result have brought: it gets the destination, and what is to be added to the gradient, which may be the same memory.
  ///
  /// Only for passes that do not record (``isGradEnabled`` is false).
  func give(_ index: Int, like x: Tensor, _ body: (_ destination: Tensor, _ others: Tensor?) -> Void) {
    guard case .node(let node) = node.edges[index], pass.wants(.node(node)), let others = node.gradient else {
      let fresh = x.uninitializedLike()
      body(fresh, nil)
      return give(index, consume fresh)
    }
    if node.ownsGradient {
      others.storage.version &+= 1
      return body(others, others)
    }
    let sum = x.uninitializedLike()
    body(sum, others)
    node.gradient = sum
    node.ownsGradient = true
  }

  /// Lets `body` write the gradient of input `index` where it belongs, which for a parameter is its place in the
  /// arena, and for an operation's result that has other uses the sum of their gradients: `body` gets the destination
  /// and whether it must add to what is there.
  ///
  /// Only for passes that do not record (``isGradEnabled`` is false).
  func write(
    _ index: Int, shape: [Int], dtype: DataType, device: Device, _ body: (_ destination: Tensor, _ adding: Bool) -> Void
  ) {
    let edge = node.edges[index]
    guard pass.wants(edge) else { return }
    if case .leaf(let leaf) = edge, pass.writesDirectly(to: leaf), !node.reads(leaf.accumulatedGradient) {
      let (destination, accumulates) = leaf.gradientDestination()
      body(destination, accumulates)
      return
    }
    if case .node(let node) = edge, let sum = node.gradient, node.ownsGradient {
      sum.storage.version &+= 1
      body(sum, true)
      return
    }
    let fresh = Tensor(uninitialized: shape, dtype: dtype, device: device)
    body(fresh, false)
    give(index, consume fresh)
  }

  /// Runs `body`; an error that it throws ends the pass.
  func attempt(_ body: () throws -> Void) {
    do { try body() } catch { pass.failure = error }
  }

  /// Sends `gradient` through the graph of what was computed anew in place of this operation; see
  /// ``BackwardPass/walk(from:after:edges:gradient:)``.
  func walk(from root: Tensor, after first: UInt64, edges: Set<ObjectIdentifier>, gradient: Tensor) throws {
    try pass.walk(from: root, after: first, edges: edges, gradient: gradient)
  }

  /// Sends `gradient` through the operations by which `body` computes the same from the operation's inputs, for derivatives
  /// of higher order.
  ///
  /// Only for passes that record (``isGradEnabled`` is true).
  func walk(gradient: Tensor, through body: () -> Tensor) {
    let first = ThreadState.current.nextSequence()
    let edges = Set(node.edges.compactMap(\.identity))
    attempt { try pass.walk(from: body(), after: first, edges: edges, gradient: gradient) }
  }

  /// The operation's output with its place in the graph, from the detached copy that its backward function captured.
  func output(_ saved: Tensor) -> Tensor { isGradEnabled ? saved.reattached(to: node) : saved }
}

// MARK: - Accumulation

extension BackwardPass {
  /// Whether gradients of `leaf` go to its `grad` as they come: no hook is there to see their sum before, and they are not
  /// added in place to what operations of this pass may have used.
  func writesDirectly(to leaf: Tensor) -> Bool {
    !capturesOnly && leaf.leafHooks.isEmpty
      && (isGradEnabled || leaf.accumulatedGradient?.requiresGrad != true)
  }

  /// Adds `gradient` to what has reached `leaf`.
  func accumulate(_ gradient: consuming Tensor, into leaf: Tensor) {
    if writesDirectly(to: leaf) {
      if !isGradEnabled, isKnownUniquelyReferenced(&gradient), leaf.keep(asGrad: gradient) { return }
      add(gradient, toGradOf: leaf)
    } else {
      gradient.storage.makePlain()
      let identity = ObjectIdentifier(leaf)
      if let others = arrived[identity] { arrived[identity] = others + gradient } else { arrived[identity] = gradient }
    }
  }

  /// Adds `gradient` to `grad` of a tensor.
  func add(_ gradient: Tensor, toGradOf tensor: Tensor) {
    if isGradEnabled {
      // A copy, for other tensors may have been given the same one, and a later pass adds to this in place.
      tensor.accumulatedGradient = tensor.accumulatedGradient.map { $0 + gradient } ?? gradient.cloned()
      return
    }
    let (destination, accumulates) = tensor.gradientDestination()
    if accumulates {
      destination.accumulate(gradient)
    } else {
      destination.assign(gradient)
    }
  }

  /// Adds `gradient`, which nothing else holds if it is `owned`, to what has reached `node`.
  func accumulate(_ gradient: Tensor, into node: Node, owned: Bool = false) {
    guard let existing = node.gradient else {
      node.gradient = gradient
      node.ownsGradient = owned
      return
    }
    if node.ownsGradient && !isGradEnabled {
      existing.accumulate(gradient)
    } else {
      node.gradient = existing + gradient
      node.ownsGradient = true
    }
  }
}

extension Tensor {
  /// The tensor into which a contribution to `grad` can be written, and whether it must be added to what is there.
  func gradientDestination() -> (tensor: Tensor, accumulates: Bool) {
    let isFresh = accumulatedGradient == nil
    let destination = accumulatedGradient ?? gradientSlot ?? Tensor(uninitialized: shape, dtype: dtype, device: device)
    accumulatedGradient = destination
    destination.storage.layoutFreedom = .none
    destination.storage.makePlain()
    destination.storage.version &+= 1
    return (destination, !isFresh)
  }

  /// Makes a gradient that no other tensor holds the first contribution to `grad`, without a copy, where it has all of
  /// its memory and no other place is meant for it.
  ///
  /// - Returns: Whether it was possible.
  fileprivate func keep(asGrad gradient: Tensor) -> Bool {
    guard accumulatedGradient == nil, gradientSlot == nil, gradient.isAloneInStorage, gradient.shape == shape,
      gradient.dtype == dtype, gradient.device == device
    else { return false }
    let kept = gradient.detached()
    kept.storage.layoutFreedom = .none
    kept.storage.makePlain()
    kept.storage.isCopyOfPart = false
    accumulatedGradient = kept
    return true
  }

  /// Brings a gradient that has a graph of its own to the place in the arena where the reducer looks for it.
  func keepGradientInSlot() {
    guard let gradientSlot, let gradient = accumulatedGradient, gradient.address != gradientSlot.address else { return }
    gradientSlot.assign(gradient)
  }

  /// Adds `other` in place, without a graph.
  func accumulate(_ other: Tensor) {
    storage.version &+= 1
    backend.binary(.add, self, other, into: self)
  }
}

extension Node {
  /// Whether the backward function reads a gradient, which then must not be written to while it does.
  fileprivate func reads(_ gradient: Tensor?) -> Bool {
    guard let gradient else { return false }
    return saved.contains { $0.lies(in: gradient.storage) }
  }
}
