/// The dimensions of a contiguous tensor whose elements are visited together with those of others that are read through
/// strides: those of size 1 left out, and neighbours made one where all strides allow.
struct MergedDimensions {
  /// From the outermost.
  var sizes: [Int] = []
  /// For each of the others.
  var strides: [[Int]]

  init(shape: [Int], strides given: [[Int]]) {
    strides = given.map { _ in [] }
    for (dimension, size) in shape.enumerated() where size != 1 {
      let continues = !sizes.isEmpty && given.indices.allSatisfy { strides[$0].last == given[$0][dimension] * size }
      if continues { sizes[sizes.count - 1] *= size } else { sizes.append(size) }
      for i in given.indices {
        if continues { strides[i].removeLast() }
        strides[i].append(given[i][dimension])
      }
    }
  }

  /// The number of elements.
  var count: Int { sizes.reduce(1, *) }

  /// Where the element of operand number `operand` that belongs to one of the contiguous tensor is.
  func offset(of operand: Int, at position: Int) -> Int {
    var (rest, offset) = (position, 0)
    for (size, stride) in zip(sizes, strides[operand]).reversed() {
      offset += rest % size * stride
      rest /= size
    }
    return offset
  }
}
