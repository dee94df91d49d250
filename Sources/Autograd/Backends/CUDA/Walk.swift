/// How a kernel finds the elements of up to three operands; `Walk` in `kernel.h`.
struct Walk: KernelArgument {
  static let maximumRank = 8

  private var rank = 0
  private var sizes = InlineArray<8, Int>(repeating: 0)
  private var strides = InlineArray<3, InlineArray<8, Int>>(repeating: InlineArray(repeating: 0))

  init(_ dimensions: MergedDimensions) {
    rank = dimensions.sizes.count
    for (i, size) in dimensions.sizes.enumerated() { sizes[i] = size }
    for (operand, steps) in dimensions.strides.enumerated() {
      for (i, step) in steps.enumerated() { strides[operand][i] = step }
    }
  }
}

extension MergedDimensions {
  /// Calls `body` for parts of at most as many dimensions as a kernel takes, with the places of their first elements.
  func forEachPart(_ body: (_ part: MergedDimensions, _ position: Int, _ offsets: [Int]) -> Void) {
    guard sizes.count > Walk.maximumRank else { return body(self, 0, strides.map { _ in 0 }) }
    var part = self
    part.sizes.removeFirst()
    for i in strides.indices { part.strides[i].removeFirst() }
    for index in 0..<sizes[0] {
      part.forEachPart { inner, position, offsets in
        body(inner, index * part.count + position, strides.indices.map { index * strides[$0][0] + offsets[$0] })
      }
    }
  }

  /// Whether all positions and offsets fit 31 bits without a sign, so that kernels can use short numbers.
  var isShort: Bool {
    guard strides.allSatisfy({ $0.allSatisfy { $0 >= 0 } }) else { return false }
    let furthest = strides.map { zip(sizes, $0).reduce(0) { $0 + max($1.0 - 1, 0) * $1.1 } }
    return count >> 31 == 0 && furthest.allSatisfy { $0 >> 31 == 0 }
  }

  /// The same with packs of `width` elements in place of elements, if those that move along the last dimension do so
  /// one by one and packs are never cut: strides then count elements still.
  func packed(_ width: Int) -> MergedDimensions? {
    guard let last = sizes.last, last % width == 0, width > 1 else { return nil }
    var packed = self
    packed.sizes[sizes.count - 1] /= width
    for (i, steps) in strides.enumerated() where steps[sizes.count - 1] != 0 {
      guard steps[sizes.count - 1] == 1, steps.dropLast().allSatisfy({ $0 % width == 0 }) else { return nil }
      packed.strides[i][sizes.count - 1] = width
    }
    return packed
  }
}
