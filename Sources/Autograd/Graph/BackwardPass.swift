import Synchronization

/// One walk through the recorded graph, from a result back to the leaves.
///
/// Operations are visited in reverse order of creation: every use of a tensor was recorded after the operation
/// that computed it, so its gradient is complete when its turn comes. The walk is iterative, so a graph may be
/// as deep as memory allows.
final class BackwardPass {
  /// What a pass does with the gradients that reach the leaves.
  enum Destination {
    /// Adds them to `grad` of every leaf.
    case leaves
    /// Keeps those of the given tensors, and no others.
    case captured([Tensor])
  }

  private static let counter = Atomic<UInt64>(0)

  private let id: UInt64
  private let retainsGraph: Bool
  private let createsGraph: Bool
  private var order: [Node] = []
  private let capturesOnly: Bool
  /// The places in the list of captured tensors, by the leaf or by the operation that computed the tensor.
  private var captureIndex: [ObjectIdentifier: Int] = [:]
  private(set) var captured: [Tensor?] = []

  init(retainingGraph: Bool, creatingGraph: Bool, destination: Destination) {
    id = Self.counter.add(1, ordering: .relaxed).newValue
    retainsGraph = retainingGraph
    createsGraph = creatingGraph
    switch destination {
    case .leaves:
      capturesOnly = false
    case .captured(let tensors):
      capturesOnly = true
      captured = Array(repeating: nil, count: tensors.count)
      for (i, tensor) in tensors.enumerated() { captureIndex[Self.identity(of: tensor)] = i }
    }
  }

  private static func identity(of tensor: Tensor) -> ObjectIdentifier {
    tensor.node.map(ObjectIdentifier.init) ?? ObjectIdentifier(tensor)
  }

  /// Walks the graph of `root`, whose gradient is `gradient`.
  func run(from root: Tensor, gradient: Tensor) throws {
    guard let start = root.node else {
      guard root.requiresGrad else { throw AutogradError.nothingRecorded }
      root.pendingContributions = 1
      accumulate(gradient, into: root)
      contributionArrived(at: root)
      return
    }
    try collect(from: start)
    try recording(createsGraph) {
      start.gradient = gradient
      start.ownsGradient = false
      defer { for node in order { node.gradient = nil } }
      for node in order { try visit(node) }
    }
  }

  /// Lists the operations that can be reached, latest first, and counts the uses of every leaf.
  private func collect(from start: Node) throws {
    start.pass = id
    order.append(start)
    var visited = 0
    while visited < order.count {
      let node = order[visited]
      visited += 1
      guard !node.isFreed else {
        forgetPendingContributions()
        throw AutogradError.graphFreed(operation: "\(node.name)")
      }
      for edge in node.edges {
        switch edge {
        case .none: break
        case .leaf(let leaf): leaf.pendingContributions += 1
        case .node(let next):
          guard next.pass != id else { continue }
          next.pass = id
          order.append(next)
        }
      }
    }
    order.sort { $0.sequence > $1.sequence }
  }

  private func forgetPendingContributions() {
    for node in order {
      for case .leaf(let leaf) in node.edges { leaf.pendingContributions = 0 }
    }
  }

  private func visit(_ node: Node) throws {
    guard node.saved.allSatisfy(\.isUnchanged) else {
      forgetPendingContributions()
      throw AutogradError.changedInPlace(operation: "\(node.name)")
    }
    if var gradient = node.gradient {
      node.gradient = nil
      for hook in node.hooks {
        if let replaced = hook(gradient) { gradient = replaced }
      }
      node.retainedOutput?.accumulatedGradient = gradient
      if capturesOnly, let index = captureIndex[ObjectIdentifier(node)] { captured[index] = gradient }
      node.backward?(gradient, GradientSink(node: node, pass: self))
    }
    for case .leaf(let leaf) in node.edges { contributionArrived(at: leaf) }
    if !retainsGraph { node.free() }
  }

  private func contributionArrived(at leaf: Tensor) {
    leaf.pendingContributions -= 1
    guard leaf.pendingContributions == 0, !capturesOnly else { return }
    for hook in leaf.leafHooks {
      if let gradient = leaf.grad, let replaced = hook(gradient) { leaf.grad = replaced }
    }
    leaf.gradientDidBecomeReady?()
  }
}

// MARK: - Accumulation

extension BackwardPass {
  /// Adds `gradient` to what has reached `leaf`.
  func accumulate(_ gradient: Tensor, into leaf: Tensor) {
    if capturesOnly {
      guard let index = captureIndex[ObjectIdentifier(leaf)] else { return }
      captured[index] = captured[index].map { $0 + gradient } ?? gradient
    } else if let existing = leaf.accumulatedGradient {
      if isGradEnabled { leaf.accumulatedGradient = existing + gradient } else { existing.accumulate(gradient) }
    } else if let slot = leaf.gradientSlot {
      slot.backend.convert(gradient, into: slot)
      leaf.accumulatedGradient = slot
    } else {
      leaf.accumulatedGradient = isGradEnabled ? gradient : gradient.ownedCopy()
    }
  }

  /// Adds `gradient` to what has reached `node`.
  func accumulate(_ gradient: Tensor, into node: Node) {
    guard let existing = node.gradient else {
      node.gradient = gradient
      node.ownsGradient = false
      return
    }
    if node.ownsGradient && !isGradEnabled {
      existing.accumulate(gradient)
    } else {
      node.gradient = existing + gradient
      node.ownsGradient = true
    }
  }

  /// The tensor into which a contribution to `leaf` can be written, and whether it must be added to what is there;
  /// `nil` when nobody wants it.
  func destination(for leaf: Tensor) -> (tensor: Tensor, accumulates: Bool)? {
    if capturesOnly {
      guard let index = captureIndex[ObjectIdentifier(leaf)] else { return nil }
      if let existing = captured[index] {
        let own = existing.ownedCopy()
        captured[index] = own
        return (own, true)
      }
      let fresh = Tensor(uninitialized: leaf.shape, dtype: leaf.dtype)
      captured[index] = fresh
      return (fresh, false)
    }
    if let existing = leaf.accumulatedGradient { return (existing, true) }
    let fresh = leaf.gradientSlot ?? Tensor(uninitialized: leaf.shape, dtype: leaf.dtype)
    leaf.accumulatedGradient = fresh
    return (fresh, false)
  }
}

/// Where an operation's backward function puts the gradients of its inputs.
struct GradientSink {
  fileprivate let node: Node
  fileprivate let pass: BackwardPass

  /// Whether a gradient is wanted for input `index`.
  func needs(_ index: Int) -> Bool {
    if case .none = node.edges[index] { false } else { true }
  }

  /// Adds a gradient of input `index`, computed only if it is wanted.
  func add(_ index: Int, _ gradient: @autoclosure () -> Tensor) {
    switch node.edges[index] {
    case .none: break
    case .leaf(let leaf): pass.accumulate(gradient(), into: leaf)
    case .node(let node): pass.accumulate(gradient(), into: node)
    }
  }

  /// Lets `body` write the gradient of input `index` where it belongs, which for a parameter is its place in the
  /// arena: `body` gets the destination and whether it must add to what is there.
  ///
  /// Only for passes that do not record (``isGradEnabled`` is false).
  func write(_ index: Int, shape: [Int], dtype: DataType, _ body: (_ destination: Tensor, _ adding: Bool) -> Void) {
    switch node.edges[index] {
    case .none: break
    case .leaf(let leaf):
      guard let (tensor, accumulates) = pass.destination(for: leaf) else { return }
      body(tensor, accumulates)
    case .node(let node):
      let fresh = Tensor(uninitialized: shape, dtype: dtype)
      body(fresh, false)
      let wasEmpty = node.gradient == nil
      pass.accumulate(fresh, into: node)
      if wasEmpty { node.ownsGradient = true }
    }
  }

  /// The operation's output with its place in the graph, from the detached copy that its backward function captured.
  func output(_ saved: Tensor) -> Tensor { isGradEnabled ? saved.reattached(to: node) : saved }
}

extension Tensor {
  /// Adds `other` in place, without a graph.
  func accumulate(_ other: Tensor) {
    storage.version &+= 1
    backend.binary(.add, self, other, into: self)
  }
}
