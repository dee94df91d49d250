import CKernels

extension RandomGenerator {
  /// From this length on one word a draw would visibly favour some permutations.
  private static let twoWordCount = Int(UInt32.max) / 20

  /// A random order of 0 ..< count, as `torch.randperm` draws it.
  public func permutation(count: Int) -> [Int] {
    precondition(count >= 0, "permutation of \(count) elements")
    return count < Self.twoWordCount ? swappedPermutation(count: count) : insideOutPermutation(count: count)
  }

  /// Fisher–Yates by swaps from the front: R. Durstenfeld, "Algorithm 235: Random permutation", CACM 7(7), 1964.
  private func swappedPermutation(count: Int) -> [Int] {
    var order = Array(0..<count)
    order.withUnsafeMutableBufferPointer { order in
      guard let start = order.baseAddress else { return }
      engine.forEachRun(of: count - 1) { words, offset in
        dt_shuffle(words.count, count - offset, words.baseAddress, start + offset)
      }
    }
    return order
  }

  /// Fisher–Yates "inside out": each element takes the place of an earlier one, which moves to the end.
  package func insideOutPermutation(count: Int) -> [Int] {
    var order: [Int] = []
    order.reserveCapacity(count)
    for index in 0..<count {
      let place = Int(random64() % UInt64(index + 1))
      order.append(index)
      order.swapAt(index, place)
    }
    return order
  }
}
