/// The cut of a gradient arena into the buckets that are all-reduced as one message each.
///
/// Parameters fill a bucket in the order of their index, which is the order in which their gradients become ready; a
/// bucket is full once it has reached its size. The first bucket is small so that communication starts early, as in
/// PyTorch's DistributedDataParallel (Li et al., "PyTorch Distributed", VLDB 2020).
public struct BucketPlan: Equatable, Sendable {
  /// A range of the arena, and the parameters that lie in it.
  public struct Bucket: Equatable, Sendable {
    /// The elements of the arena. Buckets follow each other without a gap.
    public let elements: Range<Int>

    /// The indices of the parameters.
    public let parameters: Range<Int>
  }

  /// The buckets, in the order of the arena.
  public let buckets: [Bucket]

  /// The elements of each parameter.
  public let parameters: [Range<Int>]

  /// The number of parameters.
  public var parameterCount: Int { parameters.count }

  /// The size of an element.
  public let bytesPerElement: Int

  /// The number of elements of the arena, the tail included.
  public let elementCount: Int

  /// The elements after the last parameter.
  public let tail: Range<Int>

  /// The bucket of each parameter.
  let bucketOfParameter: [Int]

  /// Plans the buckets of an arena.
  ///
  /// - Parameters:
  ///   - parameters: the elements of each parameter; contiguous and ascending from 0.
  ///   - tailCount: the elements after the last parameter that are summed along in the last bucket, as the number of
  ///     samples; they must be final before the last parameter is ready.
  ///   - bytesPerElement: the size of an element.
  ///   - sizes: the sizes at which buckets are full.
  public init(
    parameters: [Range<Int>], tailCount: Int = 0, bytesPerElement: Int, sizes: BucketSizes = .standard
  ) {
    precondition(tailCount >= 0, "a tail of \(tailCount) elements")
    precondition(bytesPerElement > 0, "elements of \(bytesPerElement) bytes")
    var end = 0
    var buckets: [Bucket] = []
    var bucketOfParameter: [Int] = []
    var first = (element: 0, parameter: 0)
    for (index, range) in parameters.enumerated() {
      precondition(range.lowerBound == end, "parameter \(index) begins at \(range.lowerBound), expected \(end)")
      end = range.upperBound
      bucketOfParameter.append(buckets.count)
      let isLast = index == parameters.count - 1
      let capacity = buckets.isEmpty ? sizes.first : sizes.others
      if isLast || (end - first.element) * bytesPerElement >= capacity {
        let bucketEnd = isLast ? end + tailCount : end
        buckets.append(Bucket(elements: first.element..<bucketEnd, parameters: first.parameter..<index + 1))
        first = (end, index + 1)
      }
    }
    if parameters.isEmpty && tailCount > 0 {
      buckets.append(Bucket(elements: 0..<tailCount, parameters: 0..<0))
    }
    self.buckets = buckets
    self.bucketOfParameter = bucketOfParameter
    self.parameters = parameters
    self.bytesPerElement = bytesPerElement
    elementCount = end + tailCount
    tail = end..<end + tailCount
  }

  /// The gradients of each bucket, without the tail.
  public var gradientRanges: [Range<Int>] { buckets.map { $0.elements.clamped(to: 0..<tail.lowerBound) } }

  /// What a rank gets of each of ``gradientRanges`` where sums are scattered: its part of the range's ``ShardCut``.
  public func parts(of rank: Int, among size: Int) -> [Range<Int>] {
    gradientRanges.map { range in
      let part = ShardCut(count: range.count, size: size).range(of: rank)
      return range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound
    }
  }
}
