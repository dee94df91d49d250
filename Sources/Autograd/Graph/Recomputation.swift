/// The result of `body`, of which the backward pass computes the intermediate results anew instead of their being kept, as
/// `torch.utils.checkpoint.checkpoint(…, use_reentrant=False)`: memory for time (T. Chen et al., arXiv:1604.06174).
///
///     var h = x
///     for block in blocks { h = recomputed { [h] in block(h) } }
///
/// Losses and gradients have the bits that they have without, but where `body` gives back what it was given (whose
/// gradients are then added up in another order), for higher derivatives (of which that holds, too), and where a GPU keeps
/// results in bfloat16. Gradients flow to all that `body` uses: parameters, leaves and results from before. When the
/// backward pass gets here `body` runs once more, and then
/// - draws what it drew before, from the default generator and those of its layers, by the functions of ``Tensor``; no
///   stream is moved by it;
/// - multiplies in the same ``ProductPrecision``, with the same weights (`withWeights`);
/// - leaves running statistics of batch normalization as they are (PyTorch counts the batch twice).
///
/// Other things that `body` does besides computing happen twice, unless they ask ``isRecomputing``. The modules in it
/// must be in the same mode then. In a pass with `createGraph: true` what was computed anew is kept, for higher derivatives.
/// Without recording, `body` simply runs.
///
/// - Parameter body: Gives a floating-point tensor. It is kept, with what it captures, until the graph is freed.
/// - Throws: What `body` throws; when it does in the backward pass, that throws it. That also throws
///   ``AutogradError/recomputedOtherwise(found:expected:)`` when `body` does not compute again what it did, and
///   ``AutogradError/changedInPlace(operation:)`` when something that it used was changed in place since.
public func recomputed(_ body: @escaping () throws -> Tensor) rethrows -> Tensor {
  guard isGradEnabled else { return try body() }
  let recomputation = Recomputation()
  let before = ThreadState.current.nextSequence()
  let (output, edges, uses) = try recomputation.runForward(body, after: before)
  guard !edges.isEmpty else { return output }
  let known = Set(edges.compactMap(\.identity))
  let backward: Node.Backward = { gradient, sink in
    sink.attempt {
      let floor = ThreadState.current.nextSequence()
      let again = try recomputation.runAgain(body)
      guard again.shape == gradient.shape, again.dtype == gradient.dtype else {
        throw AutogradError.recomputedOtherwise(
          found: "\(again.shape) of \(again.dtype)", expected: "\(gradient.shape) of \(gradient.dtype)")
      }
      try sink.walk(from: again, after: floor, edges: known, gradient: gradient)
    }
  }
  output.node = Node(
    name: .operation("CheckpointBackward"), sequence: ThreadState.current.nextSequence(), edges: ShortList(edges),
    saved: ShortList(uses.compactMap { $0() }.filter { !$0.lies(in: output.storage) }),
    backward: Substitution.boundToCurrent(backward))
  return output
}

/// Whether the backward pass is running the body of ``recomputed(_:)`` once more on this thread: for what is to happen
/// once a step, such as counting.
public var isRecomputing: Bool { ThreadState.withCurrent { $0.recomputation?.isRepeated ?? false } }

/// What a computation must find again to give the same result.
final class Recomputation {
  /// The one within which this one was begun.
  private let outer: Recomputation?
  private let defaultGenerator: RandomGenerator
  private let productPrecision: ProductPrecision
  /// Generators that were drawn from, as they were before.
  private var generators: [RandomGenerator.Snapshot] = []
  /// The places of keys of a GPU's draws, in the order in which they were asked for, and how many were asked for again.
  private var keyPlaces: [UnsafeMutableRawPointer] = []
  private var repeatedKeyCount = 0
  private var isRunningAgain = false

  init() {
    let state = ThreadState.current
    (outer, defaultGenerator, productPrecision) = (state.recomputation, state.generator, state.productPrecision)
    willDraw(from: defaultGenerator)
  }

  var isRepeated: Bool { isRunningAgain || outer?.isRepeated == true }

  /// Remembers the state of a generator that is about to be drawn from for the first time.
  func willDraw(from generator: RandomGenerator) {
    guard !isRunningAgain else { return }
    outer?.willDraw(from: generator)
    guard !generators.contains(where: { $0.generator === generator }) else { return }
    generators.append(generator.snapshot)
  }

  /// The place of the next key of a GPU's draws: one that `make` gives, and the same again.
  func keyPlace(_ make: () -> UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    if isRunningAgain, repeatedKeyCount < keyPlaces.count {
      defer { repeatedKeyCount += 1 }
      return keyPlaces[repeatedKeyCount]
    }
    let place = outer?.keyPlace(make) ?? make()
    keyPlaces.append(place)
    return place
  }

  /// The result of `body` without a graph, the edges by which the operations after number `first` lead out of it, and what
  /// those will read, if it is still there when that graph is gone.
  func runForward(
    _ body: () throws -> Tensor, after first: UInt64
  ) rethrows -> (output: Tensor, edges: [Node.Edge], uses: [() -> Node.Saved?]) {
    let result = try within { try body().viewed() }
    guard let root = result.node else { return (result, [], []) }
    let nodes = root.operations(after: first)
    var seen: Set<ObjectIdentifier> = []
    let edges = nodes.flatMap(\.edges).filter { edge in
      guard let identity = edge.identity else { return false }
      return !edge.leads(after: first) && seen.insert(identity).inserted
    }
    let output = result.detached()
    output.isMean = result.isMean
    return (output, edges, nodes.flatMap(\.saved).map { $0.ifStillThere() })
  }

  /// The result of `body` once more, recorded.
  func runAgain(_ body: () throws -> Tensor) rethrows -> Tensor {
    let now = generators.map { $0.generator.snapshot }
    for snapshot in generators { snapshot.restore() }
    (isRunningAgain, repeatedKeyCount) = (true, 0)
    defer {
      isRunningAgain = false
      for snapshot in now { snapshot.restore() }
    }
    return try withDefaultGenerator(defaultGenerator) {
      try withProductPrecision(productPrecision) {
        try enableGrad { try within { try body().viewed() } }
      }
    }
  }

  private func within<Result>(_ body: () throws -> Result) rethrows -> Result {
    try ThreadState.with(\.recomputation, self, body)
  }
}

extension Tensor {
  /// The same elements as the result of an operation of its own, so that what is given back unchanged has one, too.
  fileprivate func viewed() -> Tensor { viewed(in: shape, as: "AliasBackward0") }
}

extension Node {
  /// This operation and those that it depends on, of the ones after number `first`, in the order in which they were recorded.
  func operations(after first: UInt64) -> [Node] {
    var found = [self]
    var seen: Set = [ObjectIdentifier(self)]
    var visited = 0
    while visited < found.count {
      for case .node(let next) in found[visited].edges
      where next.sequence > first && seen.insert(ObjectIdentifier(next)).inserted {
        found.append(next)
      }
      visited += 1
    }
    return found.sorted { $0.sequence < $1.sequence }
  }
}

extension Node.Edge {
  /// What it leads to; nil for nothing.
  var identity: ObjectIdentifier? {
    switch self {
    case .none: nil
    case .leaf(let leaf): ObjectIdentifier(leaf)
    case .node(let node): ObjectIdentifier(node)
    }
  }

  /// Whether it leads to an operation after number `first`.
  func leads(after first: UInt64) -> Bool {
    if case .node(let node) = self { node.sequence > first } else { false }
  }
}
