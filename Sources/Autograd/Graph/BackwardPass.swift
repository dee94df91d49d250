import Synchronization

/// One walk through the recorded graph, from a result back to the leaves.
///
/// Operations are visited in reverse order of creation: every use of a tensor was recorded after the operation
/// that computed it, so its gradient is complete when its turn comes. The walk is iterative, so a graph may be
/// as deep as memory allows.
final class BackwardPass {
  private static let counter = Atomic<UInt64>(0)

  private let id: UInt64
  private let retainsGraph: Bool
  private let createsGraph: Bool
  /// Whether tensors stand for others where the pass is asked for: operations that were recorded before read what they are.
  private let isWithinSubstitution = ThreadState.withCurrent { $0.substitution != nil }
  private var order: [Node] = []
  let capturesOnly: Bool
  /// The tensors whose gradients are captured.
  private let wanted: [Tensor]
  /// Each of them by the operation that computed it, or by itself if it is a leaf.
  private let wantedIdentities: Set<ObjectIdentifier>
  private var captured: [ObjectIdentifier: Tensor] = [:]
  /// The sums of what has arrived in this pass at leaves that do not add it to their `grad` as it comes.
  var arrived: [ObjectIdentifier: Tensor] = [:]
  /// Why the operation that is being visited could not give gradients.
  var failure: (any Error)?

  /// - Parameter wanted: The tensors whose gradients are kept, while no others are computed; nil where all are added to
  ///   `grad` of every leaf.
  init(retainingGraph: Bool, creatingGraph: Bool, capturing wanted: [Tensor]? = nil) {
    id = Self.counter.add(1, ordering: .relaxed).newValue
    retainsGraph = retainingGraph || creatingGraph
    createsGraph = creatingGraph
    capturesOnly = wanted != nil
    self.wanted = wanted ?? []
    wantedIdentities = Set(self.wanted.map(Self.identity))
  }

  private static func identity(of tensor: Tensor) -> ObjectIdentifier {
    tensor.node.map(ObjectIdentifier.init) ?? ObjectIdentifier(tensor)
  }

  /// The gradients of the captured tensors; `nil` for those that were not reached.
  var gradients: [Tensor?] { wanted.map { captured[Self.identity(of: $0)] } }

  /// Walks the graph of `root`, whose gradient is `gradient`.
  func run(from root: Tensor, gradient: Tensor) throws {
    guard root.requiresGrad else { throw AutogradError.nothingRecorded }
    try recording(createsGraph) {
      if let start = root.node {
        do { try walk(from: start, gradient: gradient) } catch {
          forgetPendingContributions()
          throw error
        }
      } else if wants(.leaf(root)) {
        root.pendingContributions = 1
        accumulate(gradient, into: root)
        contributionArrived(at: root)
      }
      captureLeaves()
    }
  }

  private func walk(from start: Node, gradient: Tensor) throws {
    try collect(from: start)
    start.gradient = gradient
    start.ownsGradient = false
    defer { for node in order { node.gradient = nil } }
    for node in order { try visit(node) }
  }

  /// Lists the operations that can be reached, latest first, and counts the uses of every leaf.
  private func collect(from start: Node) throws {
    start.pass = id
    order.append(start)
    var visited = 0
    while visited < order.count {
      let node = order[visited]
      visited += 1
      guard !node.isFreed else { throw AutogradError.graphFreed(operation: "\(node.name)") }
      for edge in node.edges {
        switch edge {
        case .none: break
        case .leaf(let leaf): if !capturesOnly { leaf.pendingContributions += 1 }
        case .node(let next):
          guard next.pass != id else { continue }
          next.pass = id
          order.append(next)
        }
      }
    }
    order.sort { $0.sequence > $1.sequence }
    for node in order.reversed() {
      node.isWanted =
        !capturesOnly || wantedIdentities.contains(ObjectIdentifier(node)) || node.edges.contains(where: wants)
    }
  }

  /// Whether a gradient that flows along `edge` gets to where this pass wants it.
  func wants(_ edge: Node.Edge) -> Bool {
    switch edge {
    case .none: false
    case .leaf(let leaf): !capturesOnly || wantedIdentities.contains(ObjectIdentifier(leaf))
    case .node(let node): node.isWanted
    }
  }

  private func forgetPendingContributions() {
    guard !capturesOnly else { return }
    for node in order {
      for case .leaf(let leaf) in node.edges { leaf.pendingContributions = 0 }
    }
  }

  /// Walks the graph of what was computed anew by the operations after number `first`, on to where those of the operation
  /// that it stands for lead.
  ///
  /// - Parameter edges: What these lead to.
  func walk(from root: Tensor, after first: UInt64, edges: Set<ObjectIdentifier>, gradient: Tensor) throws {
    guard let start = root.node else {
      throw AutogradError.recomputedOtherwise(found: "a result without gradients", expected: "one with gradients")
    }
    let nodes = start.operations(after: first)
    for node in nodes {
      for edge in node.edges where !edge.leads(after: first) {
        guard let identity = edge.identity, !edges.contains(identity) else { continue }
        throw AutogradError.recomputedOtherwise(found: "a use of another tensor", expected: "the same tensors")
      }
      node.isWanted = node.edges.contains(where: wants)
    }
    start.gradient = gradient
    for node in nodes.reversed() { try visit(node, isRecomputed: true) }
  }

  private func visit(_ node: Node, isRecomputed: Bool = false) throws {
    guard node.isWanted else { return }
    if var gradient = node.gradient {
      guard !node.saved.contains(where: { !$0.isUnchanged }) else {
        throw AutogradError.changedInPlace(operation: "\(node.name)")
      }
      node.gradient = nil
      gradient = node.hooks.applied(to: gradient)
      if capturesOnly {
        if wantedIdentities.contains(ObjectIdentifier(node)) { captured[ObjectIdentifier(node)] = gradient }
      } else if let output = node.retainedOutput {
        add(gradient, toGradOf: output)
      }
      let sink = GradientSink(node: node, pass: self)
      if isWithinSubstitution {
        Substitution.using(nil) { node.backward?(gradient, sink) }
      } else {
        node.backward?(gradient, sink)
      }
      if let failure { throw failure }
    }
    guard !isRecomputed else {
      if !createsGraph { node.free() }
      return
    }
    // In reverse order, which is the order of an arena: a layer's bias comes before its weight.
    for case .leaf(let leaf) in node.edges.reversed() { contributionArrived(at: leaf) }
    if !retainsGraph { node.free() }
  }

  private func contributionArrived(at leaf: Tensor) {
    guard !capturesOnly else { return }
    leaf.pendingContributions -= 1
    guard leaf.pendingContributions == 0 else { return }
    if let gradient = arrived.removeValue(forKey: ObjectIdentifier(leaf)) {
      add(leaf.leafHooks.applied(to: gradient), toGradOf: leaf)
    }
    leaf.keepGradientInSlot()
    leaf.gradientDidBecomeReady?()
  }

  private func captureLeaves() {
    for leaf in wanted where leaf.isLeaf {
      guard let gradient = arrived.removeValue(forKey: ObjectIdentifier(leaf)) else { continue }
      captured[ObjectIdentifier(leaf)] = leaf.leafHooks.applied(to: gradient)
    }
  }
}
