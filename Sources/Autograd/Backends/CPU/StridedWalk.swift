/// Visits the elements of a contiguous tensor of a given shape together with those of others that are read through
/// strides, in runs as long as all strides allow.
struct StridedWalk {
  /// Elements of a run, which are contiguous in the tensor of the given shape.
  let runLength: Int
  /// How far each of the others advances from one element of a run to the next.
  let runStrides: [Int]
  private let outer: [Int]
  private let outerStrides: [[Int]]

  init(shape: [Int], strides: [[Int]]) {
    let merged = MergedDimensions(shape: shape, strides: strides)
    runLength = merged.sizes.last ?? 1
    runStrides = merged.strides.map { $0.last ?? 0 }
    outer = Array(merged.sizes.dropLast())
    outerStrides = merged.strides.map { Array($0.dropLast()) }
  }

  /// Calls `body` for each run with the place of its first element and the offsets of the others' elements there.
  func forEachRun(_ body: (_ position: Int, _ offsets: [Int]) -> Void) {
    guard runLength > 0, !outer.contains(0) else { return }
    var index = [Int](repeating: 0, count: outer.count)
    var offsets = [Int](repeating: 0, count: outerStrides.count)
    for run in 0..<outer.reduce(1, *) {
      body(run * runLength, offsets)
      var dimension = outer.count - 1
      while dimension >= 0 {
        index[dimension] += 1
        for i in offsets.indices { offsets[i] += outerStrides[i][dimension] }
        if index[dimension] < outer[dimension] { break }
        for i in offsets.indices { offsets[i] -= outerStrides[i][dimension] * outer[dimension] }
        index[dimension] = 0
        dimension -= 1
      }
    }
  }
}
