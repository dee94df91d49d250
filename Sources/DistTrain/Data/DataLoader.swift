import Autograd

/// Goes through a data set in batches, as `torch.utils.data.DataLoader` in one process.
///
///     let loader = DataLoader(data, batchSize: 120, shuffle: true)
///     for batch in loader { … }   // one epoch; the next loop is the next epoch, in another order
///
/// The last batch is short where the batch size does not divide the number of samples. With the same random stream the
/// order is PyTorch's; all draws of an epoch are made when its loop begins.
public struct DataLoader: Sequence {
  /// The samples.
  public let dataset: any Dataset
  /// Samples in a batch; the last may have fewer.
  public let batchSize: Int
  /// Whether a last batch of fewer than `batchSize` samples is left out.
  public let dropLast: Bool
  /// How many batches a background thread makes ahead; 0 where batches are made when they are asked for.
  public let prefetch: Int
  private let order: Order
  private let mixing: BatchMixing?
  private let generator: RandomGenerator?

  private enum Order {
    case sequential
    case shuffled
    case given([Int])
  }

  /// A loader that visits the samples in their order, or shuffled anew in every epoch.
  ///
  /// - Parameters:
  ///   - dataset: The samples.
  ///   - batchSize: Samples in a batch.
  ///   - shuffle: Whether the order is random.
  ///   - generator: What randomness is drawn from: this thread's default where none is given.
  ///   - dropLast: Whether a last batch that is not full is left out.
  ///   - prefetch: How many batches a background thread makes ahead.
  ///   - mixing: How the samples of a batch are mixed with each other, where they are.
  public init(
    _ dataset: any Dataset, batchSize: Int = 1, shuffle: Bool = false, generator: RandomGenerator? = nil,
    dropLast: Bool = false, prefetch: Int = 0, mixing: BatchMixing? = nil
  ) {
    self.init(
      dataset, order: shuffle ? .shuffled : .sequential, batchSize: batchSize, generator: generator,
      dropLast: dropLast, prefetch: prefetch, mixing: mixing)
  }

  /// A loader that visits the samples whose numbers a sampler gives, in its order.
  ///
  /// - Parameters:
  ///   - dataset: The samples.
  ///   - sampler: The numbers of the samples of an epoch, each as often as it is named.
  ///   - batchSize: Samples in a batch.
  ///   - dropLast: Whether a last batch that is not full is left out.
  ///   - prefetch: How many batches a background thread makes ahead.
  ///   - mixing: How the samples of a batch are mixed with each other, where they are.
  public init(
    _ dataset: any Dataset, sampler: some Sequence<Int>, batchSize: Int = 1, dropLast: Bool = false, prefetch: Int = 0,
    mixing: BatchMixing? = nil
  ) {
    self.init(
      dataset, order: .given(Array(sampler)), batchSize: batchSize, generator: nil, dropLast: dropLast,
      prefetch: prefetch, mixing: mixing)
  }

  private init(
    _ dataset: any Dataset, order: Order, batchSize: Int, generator: RandomGenerator?, dropLast: Bool, prefetch: Int,
    mixing: BatchMixing?
  ) {
    precondition(batchSize > 0 && prefetch >= 0, "batches of \(batchSize) samples, \(prefetch) ahead")
    self.dataset = dataset
    self.batchSize = batchSize
    self.dropLast = dropLast
    self.prefetch = prefetch
    self.order = order
    self.mixing = mixing
    self.generator = generator
  }

  /// The number of batches in an epoch.
  public var count: Int {
    let samples = if case .given(let indices) = order { indices.count } else { dataset.count }
    return dropLast ? samples / batchSize : (samples + batchSize - 1) / batchSize
  }

  /// The number of batches in an epoch.
  public var underestimatedCount: Int { count }

  /// Begins an epoch.
  public func makeIterator() -> Iterator {
    let (order, workerSeed) = epochOrder()
    let batches = BatchesInOrder(
      dataset: dataset, order: order, epochSeed: workerSeed, batchSize: batchSize, count: count, mixing: mixing)
    return Iterator(batches, prefetch: prefetch)
  }

  /// Draws the order of the next epoch, and the seed for what is random about its samples.
  ///
  /// PyTorch first draws a seed for worker processes. Then it draws a seed for the permutation from the default
  /// generator, or the permutation itself from a generator that was given; in the latter case it draws another
  /// permutation, of which it uses nothing, when the samples are exhausted.
  private func epochOrder() -> (order: [Int], workerSeed: UInt64) {
    let source = generator ?? .default
    if case .shuffled = order, generator == nil {
      return SampleOrder.shuffledOrder(count: dataset.count, drawingFrom: source)
    }
    let seed = source.random64()
    switch order {
    case .sequential: return (Array(0..<dataset.count), seed)
    case .given(let indices): return (indices, seed)
    case .shuffled:
      let permutation = source.permutation(count: dataset.count)
      _ = source.permutation(count: dataset.count)
      return (permutation, seed)
    }
  }

  /// The batches of one epoch.
  public struct Iterator: IteratorProtocol {
    private var batches: BatchesInOrder
    private let ahead: Prefetch<BatchesInOrder>?

    fileprivate init(_ batches: BatchesInOrder, prefetch: Int) {
      self.batches = batches
      ahead = prefetch > 0 ? Prefetch(batches, ahead: prefetch) : nil
    }

    /// The next batch, or nil at the end of the epoch.
    ///
    /// A `for` loop cannot throw what a data set throws: that traps. Use ``nextBatch()`` where it can happen.
    public mutating func next() -> Batch? {
      do { return try nextBatch() } catch { fatalError("a batch could not be loaded: \(error)") }
    }

    /// The next batch, or nil at the end of the epoch.
    /// - Throws: What the data set throws.
    public mutating func nextBatch() throws -> Batch? { try ahead.map { try $0.next() } ?? batches.next() }
  }
}

/// The batches of an order of samples that is known.
private struct BatchesInOrder: BatchProducer {
  let dataset: any Dataset
  let order: [Int]
  let epochSeed: UInt64
  let batchSize: Int
  let count: Int
  let mixing: BatchMixing?
  var position = 0

  mutating func next() throws -> Batch? {
    guard position < count else { return nil }
    let (step, start) = (position, position * batchSize)
    position += 1
    let samples = order[start..<min(start + batchSize, order.count)]
    guard let mixing else { return try dataset.ungraphedBatch(Array(samples), epochSeed: epochSeed) }
    return try mixing.batch(
      Array(0..<samples.count), ofStep: samples, of: dataset, epochSeed: epochSeed, step: step)
  }
}
