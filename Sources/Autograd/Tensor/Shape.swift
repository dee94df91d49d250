/// Arithmetic on shapes: lists of dimension sizes, outermost first.
enum Shape {
  /// The number of elements of a tensor of this shape; one whose bytes or strides cannot be counted traps.
  static func count(_ shape: [Int]) -> Int {
    var (count, extent) = (1, 1)
    for size in shape {
      precondition(size >= 0, "shape \(shape) has a negative size")
      // Strides are products of sizes also where another size is 0.
      let (product, overflow) = extent.multipliedReportingOverflow(by: max(size, 1))
      precondition(!overflow && product <= largestCount, "shape \(shape) has more than \(largestCount) elements")
      extent = product
      count *= size
    }
    return count
  }

  /// More elements than any memory holds, and few enough to count their bytes.
  private static let largestCount = 1 << 56

  /// The elements between neighbours along each dimension of a contiguous tensor.
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for i in stride(from: shape.count - 2, through: 0, by: -1) { strides[i] = strides[i + 1] * shape[i + 1] }
    return strides
  }

  /// The place along each dimension of element number `position` of a contiguous tensor.
  static func index(of position: Int, in shape: [Int]) -> [Int] {
    zip(strides(shape), shape).map { position / $0 % $1 }
  }

  /// The shape that both shapes are expanded to when combined element by element, by NumPy's rules.
  static func broadcast(_ a: [Int], _ b: [Int]) -> [Int] {
    if a == b { return a }
    let rank = max(a.count, b.count)
    var result = [Int](repeating: 1, count: rank)
    for i in 0..<rank {
      let m = i < a.count ? a[a.count - 1 - i] : 1
      let n = i < b.count ? b[b.count - 1 - i] : 1
      precondition(m == n || m == 1 || n == 1, "shapes \(a) and \(b) do not broadcast together")
      result[rank - 1 - i] = m == 1 ? n : m
    }
    return result
  }

  /// The strides with which a contiguous tensor of shape `shape` is read as if it had shape `target`:
  /// 0 along every dimension that is repeated.
  static func broadcastStrides(_ shape: [Int], to target: [Int]) -> [Int] {
    let own = strides(shape)
    let offset = target.count - shape.count
    precondition(offset >= 0, "shape \(shape) does not broadcast to \(target)")
    return target.indices.map { i in
      guard i >= offset else { return 0 }
      let size = shape[i - offset]
      precondition(size == target[i] || size == 1, "shape \(shape) does not broadcast to \(target)")
      return size == 1 && target[i] != 1 ? 0 : own[i - offset]
    }
  }

  /// `dimension` counted from the front; negative values count from the end.
  static func normalize(_ dimension: Int, rank: Int) -> Int {
    let limit = max(rank, 1)
    precondition(
      dimension >= -limit && dimension < limit,
      "dimension \(dimension) is out of range for a tensor of \(rank) dimensions")
    return dimension < 0 ? dimension + limit : dimension
  }

  /// The dimensions counted from the front, ascending; `nil` means all of them.
  static func normalize(_ dimensions: [Int]?, rank: Int) -> [Int] {
    guard let dimensions else { return Array(0..<rank) }
    let result = dimensions.map { normalize($0, rank: rank) }.sorted()
    for (a, b) in zip(result, result.dropFirst()) {
      precondition(a != b, "dimension \(a) appears more than once in \(dimensions)")
    }
    return rank == 0 ? [] : result
  }

  /// `shape` without `dimensions`, or with 1 in their place.
  static func reduced(_ shape: [Int], over dimensions: [Int], keepingDimensions: Bool) -> [Int] {
    var result: [Int] = []
    for (i, size) in shape.enumerated() {
      if !dimensions.contains(i) { result.append(size) } else if keepingDimensions { result.append(1) }
    }
    return result
  }

  /// `shape` with at most one −1 replaced by the size that makes it hold `count` elements.
  static func inferred(_ shape: [Int], count: Int, from original: [Int]) -> [Int] {
    guard let open = shape.firstIndex(of: -1) else {
      precondition(
        Shape.count(shape) == count, "shape \(shape) does not hold the \(count) elements of shape \(original)")
      return shape
    }
    var result = shape
    result[open] = 1
    let rest = Shape.count(result)
    precondition(
      rest > 0 && count % rest == 0, "shape \(shape) does not hold the \(count) elements of shape \(original)")
    result[open] = count / rest
    return result
  }
}
