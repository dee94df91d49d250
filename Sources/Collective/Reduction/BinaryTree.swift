import CSharedMemory

/// The binary tree along which a power of two of parts, or any other number, are combined: ((p0 ∘ p1) ∘ (p2 ∘ p3)) ∘ …
///
/// Floating-point addition is not associative, so a sum has the same bits only if it is made along the same tree. A
/// rank that holds an aligned block of 2ᵏ parts can combine them by itself, and ranks their results: the tree is the
/// same whoever computes which of its branches.
enum BinaryTree {
  /// Visits the pairs of the tree over `count` parts, each when its two branches are complete; the part at `source` is
  /// to be combined into the part at `target`, and in the end part 0 is the whole.
  static func forEachPair(of count: Int, _ combine: (_ source: Int, _ target: Int) -> Void) {
    var distance = 1
    while distance < count {
      for target in stride(from: 0, to: count - distance, by: 2 * distance) { combine(target + distance, target) }
      distance *= 2
    }
  }

  /// Adds `count` elements of `source` to `target`.
  static func add<Element: ReducibleElement>(
    _ source: UnsafePointer<Element>, to target: UnsafeMutablePointer<Element>, count: Int
  ) {
    let sources = [UnsafeRawPointer(target), UnsafeRawPointer(source)] as [UnsafeRawPointer?]
    let targets = [UnsafeMutableRawPointer(target)] as [UnsafeMutableRawPointer?]
    csm_combine(Element.elementType.shared, CSMOperationSum, count, 2, sources, 1, targets)
  }
}

extension Communicator {
  /// Sums the buffers of a power of two of ranks along the ``BinaryTree`` of the ranks, by messages between two ranks
  /// each.
  ///
  /// Reduce-scatter by recursive halving, all-gather by recursive doubling (Thakur, Rabenseifner, Gropp, "Optimization of
  /// Collective Communication Operations in MPICH", 2005), with neighbours first: so every element is summed along the
  /// tree, and a rank sends each element less than twice.
  func sumAlongBinaryTree<Element: ReducibleElement>(_ buffer: UnsafeMutableBufferPointer<Element>) throws {
    precondition(size.nonzeroBitCount == 1, "\(size) ranks are not a power of two")
    guard let start = buffer.baseAddress, size > 1 else { return }
    var received = [Element](repeating: 0, count: buffer.count - buffer.count / 2)
    var exchanges: [(partner: Int, kept: Range<Int>, given: Range<Int>)] = []
    var range = buffer.indices
    for distance in sequence(first: 1, next: { $0 * 2 }).prefix(while: { $0 < size }) {
      let middle = range.lowerBound + range.count / 2
      let (low, high) = (range.lowerBound..<middle, middle..<range.upperBound)
      let (kept, given) = rank & distance == 0 ? (low, high) : (high, low)
      let partner = rank ^ distance
      try received.withUnsafeMutableBufferPointer { received in
        let other = UnsafeMutableBufferPointer(rebasing: received[..<kept.count])
        try exchange(sending: UnsafeMutableBufferPointer(rebasing: buffer[given]), receiving: other, with: partner)
        if let source = other.baseAddress { BinaryTree.add(source, to: start + kept.lowerBound, count: kept.count) }
      }
      exchanges.append((partner, kept, given))
      range = kept
    }
    for (partner, kept, given) in exchanges.reversed() {
      try exchange(
        sending: UnsafeMutableBufferPointer(rebasing: buffer[kept]),
        receiving: UnsafeMutableBufferPointer(rebasing: buffer[given]), with: partner)
    }
  }

  private func exchange<Element: ReducibleElement>(
    sending sent: UnsafeMutableBufferPointer<Element>, receiving received: UnsafeMutableBufferPointer<Element>,
    with partner: Int
  ) throws {
    let receiving = try startReceive(received, from: partner, tag: MessageTag.parts)
    let sending = try startSend(UnsafeBufferPointer(sent), to: partner, tag: MessageTag.parts)
    try receiving.wait()
    try sending.wait()
  }
}
