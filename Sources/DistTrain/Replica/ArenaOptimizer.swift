import Autograd
import Collective

/// What an optimizer keeps for a whole arena: arrays in the arena's layout, and numbers.
public typealias OptimizerState = [(quantity: String, values: Tensor)]

/// The optimizer of a replica, over the flat arena of its parameters.
///
/// Unless sharded, every rank steps over the whole arena, at once or parameter by parameter. Sharded, it steps over its
/// parts and then gets the others' from the ranks that made them: ZeRO stage 1 (S. Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training
/// Trillion Parameter Models", SC 2020). Unless the rule needs whole parameters, an element's new weight depends on
/// nothing but that element's weight, gradient and state, so both give the same bits.
final class ArenaOptimizer {
  private let arena: ParameterArena
  private let communicator: any Communicator
  private let optimizer: any RevertibleOptimizer
  /// What the optimizer steps over, in its order.
  private let pieces: [OptionRange]
  /// The ranges of the arena that are each cut over all ranks; the whole, cut over this rank alone, unless sharded.
  private let shards: [Range<Int>]
  /// This rank's part of each.
  private let parts: [Range<Int>]
  /// The arena, cut where options change.
  private let optionRanges: [OptionRange]
  /// Whether each rank keeps the state of its parts only.
  let isSharded: Bool
  /// The GPUs that gather weights by themselves, if they do.
  private let gpus: NCCLGroup?
  /// Whether each piece is one parameter, of its own shape.
  private let wholeParameters: Bool
  /// Where other weights that are on a GPU are gathered.
  private let mirror: (weights: HostMirror, bytes: UnsafeMutableRawBufferPointer)?

  /// An optimizer of `arena`.
  ///
  /// - Parameters:
  ///   - shards: The ranges that are each cut over all ranks by a `ShardCut`, or nil for no sharding.
  ///   - gpus: The GPUs of all ranks, if they gather weights by themselves: the arena is then cut as a whole.
  ///   - optionRanges: Where in the arena which options hold.
  ///   - wholeParameters: Whether each of those ranges is one parameter, which the optimizer gets in its own shape. There are no
  ///     shards then.
  ///   - makeOptimizer: Makes the optimizer of each group's tensors, by rules that change every element on its own, or each
  ///     parameter, and keep the same for it.
  init(
    _ arena: ParameterArena, shards: [Range<Int>]?, gpus: NCCLGroup?, optionRanges: [OptionRange],
    wholeParameters: Bool, communicator: any Communicator,
    makeOptimizer: (_ tensors: (_ group: Int) -> [Tensor]) -> any RevertibleOptimizer
  ) {
    self.arena = arena
    self.communicator = communicator
    self.optionRanges = optionRanges
    self.gpus = gpus
    self.wholeParameters = wholeParameters
    isSharded = shards != nil && communicator.size > 1
    self.shards = isSharded && gpus == nil ? shards ?? [] : [0..<arena.flat.count]
    parts = isSharded ? self.shards.map { $0.part(of: communicator.rank, among: communicator.size) } : self.shards
    let pieces = optionRanges.pieces(in: parts)
    self.pieces = pieces
    if isSharded && gpus == nil && arena.device != .cpu {
      let memory = CommunicationBuffer(privateByteCount: arena.flat.count * arena.dtype.byteCount)
      mirror = (HostMirror(of: arena.flat, in: memory.bytes, owner: memory), memory.bytes)
    } else {
      mirror = nil
    }
    optimizer = makeOptimizer { group in
      pieces.filter { $0.group == group }.map { piece in
        wholeParameters ? arena.whole(arena.index(of: piece)) : arena.part(piece.elements)
      }
    }
  }

  /// Whether a rank's parts follow from the buckets.
  var partsFollowBuckets: Bool { isSharded && gpus == nil }

  /// The arrays that a step updates, one after the other.
  var updateCount: Int { pieces.count }

  /// The bytes of this rank's state.
  var byteCount: Int { optimizer.stateDictionary().reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.byteCount } }

  /// Of each group.
  var learningRates: [Double] {
    get { optimizer.learningRates }
    set { optimizer.learningRates = newValue }
  }

  /// The sum of the squares of all gradients, which is the same on all ranks. Collective where it is sharded.
  ///
  /// - Parameter isWhole: Whether each rank has all sums of gradients, and the order of additions must not depend on the
  ///   number of ranks.
  func gradientSquares(isWhole: Bool) throws -> Double {
    guard isSharded && !isWhole else { return arena.flatGradients.sumOfSquares().item() }
    // A GPU is asked for all sums before anybody waits for one.
    let squares = parts.map { arena.view(of: arena.flatGradients, $0).sumOfSquares() }
    return try communicator.allReduced(squares.reduce(0) { $0 + $1.item() }, .sum)
  }

  /// Updates this rank's parts of the parameters from those of the gradients, which are multiplied by `gradientScale` first.
  func update(gradientScale: Double) { optimizer.step(gradientScale: gradientScale) }

  /// Gets the parts of the parameters that other ranks have updated. Collective where the optimizer is sharded.
  func gatherParameters() throws {
    guard isSharded else { return }
    if let gpus { return try gpus.gatherParts(of: arena.flat) }
    guard let mirror else {
      switch arena.dtype {
      case .float64: try gather(in: arena.weightBuffer(of: Double.self))
      default: try gather(in: arena.weightBuffer(of: Float.self))
      }
      return
    }
    for download in parts.map(mirror.weights.startDownload) { download.wait() }
    switch arena.dtype {
    case .float64: try gather(in: mirror.bytes.bindMemory(to: Double.self))
    default: try gather(in: mirror.bytes.bindMemory(to: Float.self))
    }
    mirror.weights.startUpload(0..<arena.flat.count)
    mirror.weights.finishUploads()
  }

  /// Takes back the last steps, which a GPU left out: they do not count.
  func takeBack(_ count: Int) { optimizer.takeBack(count) }

  /// The whole state on rank 0, and nothing on the others: arrays in the arena's layout, and numbers. Collective.
  func gatherState() throws -> OptimizerState {
    let own = optimizer.stateDictionary().map { entry in
      let words = entry.name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      return (quantity: String(words[words.count - 1]), tensor: entry.tensor)
    }
    let quantities = own.prefix(own.count / pieces.count)
    guard isSharded || wholeParameters || pieces.count > 1 else {
      return quantities.map { (quantity: $0.quantity, values: $0.tensor) }
    }
    return try quantities.enumerated().compactMap { index, first in
      guard first.tensor.dtype == arena.dtype else {
        return communicator.rank == 0 ? (quantity: first.quantity, values: first.tensor) : nil
      }
      let tensors = pieces.indices.map { own[$0 * quantities.count + index].tensor }
      return try gather(tensors).map { (quantity: first.quantity, values: $0) }
    }
  }

  /// Continues from a copy of what ``gatherState()`` gave rank 0.
  ///
  /// - Throws: `StateDictionaryError` where it is not the state of such an optimizer.
  func restore(_ state: OptimizerState) throws {
    try optimizer.load(
      stateDictionary: pieces.enumerated().flatMap { index, piece in
        state.map { quantity, values in
          let isArray = values.shape == arena.flat.shape
          return (name: "\(index).\(quantity)", tensor: isArray ? view(of: values, piece) : values)
        }
      })
  }

  /// What a piece has of an array of the arena's layout, in its memory and of the shape that the optimizer knows.
  private func view(of array: Tensor, _ piece: OptionRange) -> Tensor {
    wholeParameters ? arena.view(of: array, at: arena.index(of: piece)) : arena.view(of: array, piece.elements)
  }

  private func gather<Element: ReducibleElement>(in weights: UnsafeMutableBufferPointer<Element>) throws {
    let operations = try zip(shards, parts).map { shard, part in
      try communicator.startAllGather(
        UnsafeBufferPointer(rebasing: weights[part]), into: UnsafeMutableBufferPointer(rebasing: weights[shard]))
    }
    try operations.waitForAll()
  }

  /// An array of the arena's layout, on rank 0, from what each rank keeps of its pieces.
  private func gather(_ tensors: [Tensor]) throws -> Tensor? {
    let whole = communicator.rank == 0 ? Tensor.zeros(arena.flat.shape, dtype: arena.dtype) : nil
    guard isSharded else {
      guard let whole else { return nil }
      for (piece, tensor) in zip(pieces, tensors) {
        try view(of: whole, piece).copyElements(from: tensor)
      }
      return whole
    }
    for rank in 0..<communicator.size {
      let parts = shards.map { $0.part(of: rank, among: communicator.size) }
      for (index, piece) in optionRanges.pieces(in: parts).enumerated() {
        let target = whole.map { arena.view(of: $0, piece.elements) }
        if rank == communicator.rank {
          try communicator.broadcast(tensors[index], from: rank)
          try target?.copyElements(from: tensors[index])
        } else {
          try communicator.broadcast(target ?? Tensor.zeros([piece.elements.count], dtype: arena.dtype), from: rank)
        }
      }
    }
    return whole
  }
}

extension UpdateRule {
  /// Stops the program where an arena's optimizer cannot have these rules, of the parameters without a group and of each
  /// group.
  static func requireOneOptimizer(of rules: [Self], isSharded: Bool) {
    let names = rules[0].stateNames
    precondition(
      names.allSatisfy { $0.allSatisfy { !$0.isWhitespace && $0 != "." } },
      "an optimizer that keeps \(names): names have neither dots nor white space")
    for rule in rules.dropFirst() {
      precondition(
        rule.stateNames == names,
        "an optimizer that keeps \(names) for a parameter, and for those of a group \(rule.stateNames): it must be the "
          + "same, as momentum in all groups or in none")
    }
    precondition(
      !(isSharded && rules.contains { $0.needsWholeParameters }),
      "a sharded optimizer with \(Self.self), which needs whole parameters: a shard ends within one")
  }
}

extension ParameterArena {
  /// The parameter that a piece is.
  fileprivate func index(of piece: OptionRange) -> Int {
    guard let index = ranges.firstIndex(of: piece.elements) else {
      preconditionFailure("the elements \(piece.elements) of the arena are no whole parameter")
    }
    return index
  }
}

extension Range<Int> {
  /// A rank's part of the range's `ShardCut`.
  fileprivate func part(of rank: Int, among size: Int) -> Range<Int> {
    let part = ShardCut(count: count, size: size).range(of: rank)
    return lowerBound + part.lowerBound..<lowerBound + part.upperBound
  }
}
