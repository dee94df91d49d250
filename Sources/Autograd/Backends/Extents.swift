/// How a tensor is seen by a reduction over neighbouring dimensions: [outer, reduced, inner].
struct ReductionExtents {
  let outer: Int
  let reduced: Int
  let inner: Int

  init(outer: Int, reduced: Int, inner: Int) {
    self.outer = outer
    self.reduced = reduced
    self.inner = inner
  }

  init(_ shape: [Int], over dimensions: ClosedRange<Int>) {
    outer = shape[..<dimensions.lowerBound].reduce(1, *)
    reduced = shape[dimensions].reduce(1, *)
    inner = shape[(dimensions.upperBound + 1)...].reduce(1, *)
  }
}

/// How tensors are seen when elements are taken along one dimension by index: a source of shape [outer, size, inner],
/// and a result of shape [outer, picks, inner].
struct IndexedExtents {
  let outer: Int
  let size: Int
  let picks: Int
  let inner: Int
  /// Whether there is one index for all of [:, pick, :], rather than one for each element of the result.
  let isShared: Bool
}

/// How a tensor is seen by a normalization over groups of elements: [outer, groups, inner].
struct GroupExtents {
  let outer: Int
  let groups: Int
  let inner: Int
}

/// How a tensor is seen by a normalization of rows: [rows, channels, inner], where `groups` rows in turn are a sample's.
struct RowExtents {
  let rows: Int
  let groups: Int
  /// Of each group.
  let channels: Int
  let inner: Int

  /// The elements of a row.
  var count: Int { channels * inner }
  /// The channels of a sample, each of which has a weight and a bias.
  var parameters: Int { groups * channels }
}
