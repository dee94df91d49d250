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
  /// Sums the buffers of all ranks along the ``BinaryTree`` of the ranks, whatever carries them.
  func sumAlongBinaryTree<Element: ReducibleElement>(_ buffer: UnsafeMutableBufferPointer<Element>) throws {
    guard !sumsAlongBinaryTree else { return try allReduce(buffer, .sum) }
    let length = min(buffer.count, 1 << 16)
    var all = [Element](repeating: 0, count: size * length)
    for start in stride(from: 0, to: buffer.count, by: length) {
      let chunk = UnsafeMutableBufferPointer(rebasing: buffer[start..<min(start + length, buffer.count)])
      try all.withUnsafeMutableBufferPointer { all in
        let parts = UnsafeMutableBufferPointer(rebasing: all[..<(size * chunk.count)])
        try allGather(UnsafeBufferPointer(chunk), into: parts)
        guard let first = parts.baseAddress, let target = chunk.baseAddress else { return }
        BinaryTree.forEachPair(of: size) { source, target in
          BinaryTree.add(first + source * chunk.count, to: first + target * chunk.count, count: chunk.count)
        }
        target.update(from: first, count: chunk.count)
      }
    }
  }
}
