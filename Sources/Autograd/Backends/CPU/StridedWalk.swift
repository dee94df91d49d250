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
    var merged: [Int] = []
    var mergedStrides = strides.map { _ in [Int]() }
    for (dimension, size) in shape.enumerated() where size != 1 {
      let continues =
        !merged.isEmpty && strides.indices.allSatisfy { mergedStrides[$0].last == strides[$0][dimension] * size }
      if continues { merged[merged.count - 1] *= size } else { merged.append(size) }
      for i in strides.indices {
        if continues { mergedStrides[i].removeLast() }
        mergedStrides[i].append(strides[i][dimension])
      }
    }
    runLength = merged.last ?? 1
    runStrides = mergedStrides.map { $0.last ?? 0 }
    outer = Array(merged.dropLast())
    outerStrides = mergedStrides.map { Array($0.dropLast()) }
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
