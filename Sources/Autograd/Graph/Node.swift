/// One recorded operation: where its inputs came from and how gradients flow back to them.
final class Node {
  /// Computes the gradients of the inputs from the gradient of the output.
  typealias Backward = (_ gradient: Tensor, _ inputs: GradientSink) -> Void

  /// Where an input of an operation came from.
  enum Edge {
    /// No gradient is wanted.
    case none
    /// The gradient accumulates in the tensor.
    case leaf(Tensor)
    /// The gradient flows on to the operation that computed the input.
    case node(Node)
  }

  /// A tensor that the backward pass will read, as it was when the operation was recorded.
  struct Saved {
    private let storage: Storage
    private let version: UInt32

    init(_ tensor: Tensor) {
      storage = tensor.storage
      version = storage.version
    }

    var isUnchanged: Bool { storage.version == version }

    /// Whether it lies in this memory.
    func lies(in storage: Storage) -> Bool { self.storage === storage }

    /// Gives this as long as anything else holds the memory, without holding it.
    func ifStillThere() -> () -> Saved? {
      { [weak storage, version] in storage.map { Saved(storage: $0, version: version) } }
    }

    private init(storage: Storage, version: UInt32) {
      self.storage = storage
      self.version = version
    }
  }

  /// What the gradient function is called.
  enum Name: CustomStringConvertible {
    /// PyTorch's name of a built-in operation's gradient function, such as "MulBackward0".
    case operation(StaticString)
    /// Two built-in operations that were computed as one: the last, and the one whose result it took.
    case fused(StaticString, after: StaticString)
    /// Three built-in operations that were computed as one: the last, the sum that it took of the last input and
    /// another's result, and that one.
    case fusedSum(StaticString, of: StaticString)
    /// A function given by the user.
    case custom(any DifferentiableFunction.Type)

    var description: String {
      switch self {
      case .operation(let name), .fused(let name, after: _), .fusedSum(let name, of: _): "\(name)"
      case .custom(let type): "\(type)Backward"
      }
    }
  }

  let name: Name
  /// Operations are numbered in the order in which they were recorded.
  let sequence: UInt64
  private(set) var edges: ShortList<Edge>
  private(set) var saved: ShortList<Saved>
  private(set) var backward: Backward?
  /// The sum of the contributions that have arrived in the running pass.
  var gradient: Tensor?
  /// Whether `gradient` is this node's alone and may be added to in place.
  var ownsGradient = false
  /// The pass that last visited this node.
  var pass: UInt64 = 0
  /// Whether that pass needs the gradient of the output.
  var isWanted = true
  /// Functions that see, and may replace, the gradient of the output.
  var hooks: [GradientHook] = []
  /// The output, when its gradient is kept for the user.
  weak var retainedOutput: Tensor?

  init(
    name: Name, sequence: UInt64, edges: ShortList<Edge>, saved: ShortList<Saved>, backward: @escaping Backward
  ) {
    self.name = name
    self.sequence = sequence
    self.edges = edges
    self.saved = saved
    self.backward = backward
  }

  var isFreed: Bool { backward == nil }

  /// Forgets all that the backward pass needs, and with it the graph before this operation.
  func free() {
    guard backward != nil else { return }
    ThreadState.current.release(takeRemains())
  }

  /// Moves what must be released out of this node, so that no reference to it is left here when that happens.
  private func takeRemains() -> Remains {
    defer {
      backward = nil
      edges = []
      saved = []
    }
    return Remains(edges: edges, saved: saved, backward: backward)
  }

  deinit { free() }

  /// What a freed node held.
  struct Remains {
    fileprivate let edges: ShortList<Edge>
    fileprivate let saved: ShortList<Saved>
    fileprivate let backward: Backward?
  }
}

/// The recorded operation that computed a tensor, as seen from outside.
public struct GradientFunction: CustomStringConvertible {
  private let node: Node
  /// How many of the operations that were computed as one come after this one.
  private let depth: Int

  init(_ node: Node) { self.init(node, depth: 0) }

  private init(_ node: Node, depth: Int) {
    self.node = node
    self.depth = depth
  }

  /// PyTorch's name of the function, such as "MulBackward0".
  public var name: String {
    switch (node.name, depth) {
    case (.fused(_, after: let first), 1), (.fusedSum(_, of: let first), 2): "\(first)"
    case (.fusedSum, 1): "AddBackward0"
    default: "\(node.name)"
    }
  }

  /// The functions that the gradient flows on to; `nil` for inputs that want none and for leaves.
  public var next: [GradientFunction?] {
    let inner = GradientFunction(node, depth: depth + 1)
    let inputs: [GradientFunction?] = node.edges.map { edge in
      if case .node(let node) = edge { GradientFunction(node) } else { nil }
    }
    return switch (node.name, depth) {
    case (.fused, 0), (.fusedSum, 0): [inner]
    case (.fusedSum, 1): [inner] + inputs.suffix(1)
    case (.fusedSum, _): inputs.dropLast()
    default: inputs
    }
  }

  /// The name in angle brackets.
  public var description: String { "<\(name)>" }
}

extension Tensor {
  /// The edge by which a gradient reaches this tensor.
  var edge: Node.Edge {
    guard takesGradient else { return .none }
    return if let node { .node(node) } else { .leaf(self) }
  }

  /// Records that this tensor was computed from `inputs`, when gradients can flow to any of them.
  ///
  /// - Parameters:
  ///   - name: PyTorch's name of the gradient function.
  ///   - inputs: The operation's inputs; `backward` addresses them by their index.
  ///   - saved: Inputs that `backward` reads: they must not be changed in place before.
  ///   - backward: Gives each input its gradient.
  /// - Returns: This tensor.
  @inline(__always)
  func recorded(
    as name: StaticString, from inputs: ShortList<Tensor>, saving saved: ShortList<Tensor> = .init(),
    backward: @escaping Node.Backward
  ) -> Tensor {
    recorded(as: .operation(name), from: inputs, saving: saved, backward: backward)
  }

  /// Records an operation with any name.
  @inline(__always)
  func recorded(
    as name: Node.Name, from inputs: ShortList<Tensor>, saving saved: ShortList<Tensor>,
    backward: @escaping Node.Backward
  ) -> Tensor {
    let (sequence, isSubstituting) = ThreadState.withCurrent {
      $0.isRecording ? ($0.nextSequence(), $0.substitution != nil) : (nil, false)
    }
    guard let sequence, dtype.isFloatingPoint, inputs.contains(where: { $0.takesGradient }) else { return self }
    node = Node(
      name: name, sequence: sequence, edges: inputs.map { $0.edge }, saved: saved.map { Node.Saved($0) },
      backward: isSubstituting ? Substitution.boundToCurrent(backward) : backward)
    return self
  }

  /// The same elements as a saved output, with the place in the graph that `node` gives it.
  ///
  /// An operation that needs its own output captures it detached, since the output holds the operation.
  func reattached(to node: Node) -> Tensor {
    let tensor = Tensor(sharing: self)
    tensor.node = node
    return tensor
  }
}
