/// A ``GradientReducer`` whatever its element type.
public protocol GradientReduction: AnyObject {
  /// Whether the bits of the sums may depend on how gradients are cut into buckets.
  var sumsDependOnPlan: Bool { get }
  /// Cuts gradients in another way from the next step on, the same on all ranks, and either scatters the sums or not.
  /// Not within a step.
  func use(_ plan: BucketPlan, scattersSums: Bool)
  /// Forgets what it keeps from step to step, after one whose gradients are of no use. The same on all ranks.
  func forget()
  /// Begins a step.
  func begin()
  /// Ends a step of which no gradient is ready yet, without sums.
  func abandon()
  /// Says that the arena holds the gradients of a logical shard that is not this rank's last in the step.
  func keepShard()
  /// Says that the gradient of a parameter is final. Throws when the communication fails.
  func parameterReady(_ index: Int) throws
  /// Lets the operations that were started proceed. Throws when the communication fails.
  func progress() throws
  /// Ends the step and returns the seconds that it waited. Throws when the communication fails.
  @discardableResult
  func finish() throws -> Double
}

/// Sums the gradients of all ranks, bucket by bucket, while backward goes on.
///
/// A step is `begin()`, then `parameterReady(_:)` for each parameter whose gradient is final, with `progress()` now and
/// then, and `finish()`. Afterwards the arena holds the sums on every rank. Buckets are reduced where they lie, and
/// started in the order of the arena, so that all ranks agree on it however their gradients become ready. A parameter
/// that never becomes ready is summed as it lies in the arena: fill it with zeros.
///
/// Where the sums must not depend on the number of ranks, each rank computes `shards` logical shards in a step, one
/// after the other, and says so with `keepShard()` after each but the last. All shards of all ranks are then summed
/// along one binary tree: first those of a rank, then the ranks.
///
/// Where each rank only needs its own part of the sums, ``BucketPlan/parts(of:among:)``, they are scattered: half the work
/// of an all-reduce. The tail is still summed on every rank; elsewhere the arena then holds nothing of use.
///
/// One rank alone has no communication to do. Calls in the wrong order are programming errors and trap.
public final class GradientReducer<Element: ReducibleElement>: GradientReduction {
  /// The buckets.
  public private(set) var plan: BucketPlan

  private let communicator: any Communicator
  private let arena: UnsafeMutableBufferPointer<Element>
  private var scattersSums: Bool
  private let compression: PowerSGD?
  /// Whether the tail must not go the way of the last bucket's gradients.
  private var sendsTailAlone: Bool { scattersSums || compression != nil || communicator.exact !== communicator }
  private var gradientRanges: [Range<Int>] = []
  private var ownParts: [Range<Int>] = []
  private let shards: ShardSums<Element>?

  private var isUnderWay = false
  private var isReady: [Bool] = []
  /// For each bucket, the number of parameters that are not ready.
  private var missing: [Int] = []
  /// The number of buckets that were started.
  private var started = 0
  /// The operations that are not known to be complete, oldest first.
  private var pending: [any PendingOperation] = []

  /// A reducer of `arena`, which must outlive it and have the plan's number of elements.
  ///
  /// - Parameters:
  ///   - plan: the same on all ranks.
  ///   - shards: the logical shards that every rank computes in a step, a power of two as the number of ranks then is;
  ///     nil where sums may depend on the number of ranks.
  ///   - scattersSums: whether a rank gets its part of the sums only; not with logical shards.
  public convenience init(
    communicator: any Communicator, arena: UnsafeMutableBufferPointer<Element>, plan: BucketPlan, shards: Int? = nil,
    scattersSums: Bool = false
  ) {
    self.init(
      communicator: communicator, arena: arena, plan: plan, shards: shards, scattersSums: scattersSums,
      compression: nil)
  }

  private init(
    communicator: any Communicator, arena: UnsafeMutableBufferPointer<Element>, plan: BucketPlan, shards: Int?,
    scattersSums: Bool, compression: PowerSGD?
  ) {
    self.communicator = communicator
    self.arena = arena
    self.plan = plan
    precondition(
      shards == nil || communicator.size.nonzeroBitCount == 1, "\(communicator.size) ranks are not a power of two")
    self.shards = shards.map { ShardSums(shardCount: $0, arena: arena) }
    self.scattersSums = scattersSums
    self.compression = compression
    use(plan, scattersSums: scattersSums)
  }

  /// Whether the bits of the sums may depend on how gradients are cut into buckets.
  public var sumsDependOnPlan: Bool {
    if shards != nil { return false }
    guard scattersSums else { return communicator.sumsDependOnCount }
    // Between nodes it is the communicator's business where a buffer lies, and so who adds up its parts.
    return communicator.size > 2
      && !(communicator.sumsAlongBinaryTree && communicator.localSize == communicator.size)
  }

  /// Cuts gradients in another way from the next step on, the same on all ranks, and either scatters the sums or not.
  public func use(_ plan: BucketPlan, scattersSums: Bool) {
    precondition(!isUnderWay, "another plan in the middle of a step")
    precondition(
      arena.count == plan.elementCount, "an arena of \(arena.count) elements, the plan has \(plan.elementCount)")
    precondition(shards == nil || !scattersSums, "sums of logical shards cannot be scattered")
    self.plan = plan
    self.scattersSums = scattersSums
    gradientRanges = plan.gradientRanges
    ownParts = plan.parts(of: communicator.rank, among: communicator.size)
    isReady = Array(repeating: false, count: plan.parameterCount)
    missing = plan.buckets.map(\.parameters.count)
    compression?.use(plan)
  }

  /// Forgets what compression has left out so far.
  public func forget() { compression?.forget() }

  /// Begins a step.
  public func begin() {
    precondition(!isUnderWay, "begin() before the step that is under way has finished")
    isUnderWay = true
    started = 0
    shards?.begin()
    for index in isReady.indices { isReady[index] = false }
    for (index, bucket) in plan.buckets.enumerated() { missing[index] = bucket.parameters.count }
  }

  /// Ends a step of which no gradient is ready yet, without sums.
  public func abandon() {
    precondition(isUnderWay && !isReady.contains(true), "abandon() where no step is under way, or gradients are ready")
    isUnderWay = false
  }

  /// Takes the arena's gradients as those of a logical shard that is not this rank's last in the step.
  public func keepShard() {
    precondition(isUnderWay, "a shard outside of a step")
    guard let shards else { preconditionFailure("a shard for a reducer without logical shards") }
    shards.keep()
  }

  /// Says that the gradient of a parameter is final, and starts the buckets for which that was missing.
  ///
  /// Throws when the communication fails.
  public func parameterReady(_ index: Int) throws {
    precondition(isUnderWay, "parameter \(index) is ready outside of a step")
    precondition(isReady.indices.contains(index), "parameter \(index) is ready, there are \(isReady.count)")
    precondition(!isReady[index], "parameter \(index) is ready twice in a step")
    isReady[index] = true
    missing[plan.bucketOfParameter[index]] -= 1
    while started < missing.count, missing[started] == 0 { try startNextBucket() }
  }

  /// Lets the operations that were started proceed. Cheap; MPI's do not proceed by themselves.
  ///
  /// Throws when the communication fails.
  public func progress() throws {
    precondition(isUnderWay, "progress() outside of a step")
    try compression?.progress()
    while let oldest = pending.first, try oldest.test() { pending.removeFirst() }
  }

  /// Starts the buckets that were not, waits for all, and ends the step.
  ///
  /// Returns the seconds that it took, which backward did not hide. Throws when the communication fails.
  @discardableResult
  public func finish() throws -> Double {
    precondition(isUnderWay, "finish() outside of a step")
    let clock = ContinuousClock()
    let start = clock.now
    while started < missing.count { try startNextBucket() }
    try compression?.finish()
    try pending.waitForAll()
    pending.removeAll(keepingCapacity: true)
    isUnderWay = false
    return (clock.now - start) / .seconds(1)
  }

  private func startNextBucket() throws {
    let index = started
    started += 1
    let elements = plan.buckets[index].elements
    shards?.complete(elements)
    guard communicator.size > 1 else { return }
    if let compression {
      try compression.start(bucket: index)
    } else if scattersSums {
      pending.append(
        try communicator.startReduceScatter(
          UnsafeBufferPointer(rebasing: arena[gradientRanges[index]]),
          into: UnsafeMutableBufferPointer(rebasing: arena[ownParts[index]]), .sum))
    } else if shards != nil && !communicator.sumsAlongBinaryTree {
      try communicator.sumAlongBinaryTree(UnsafeMutableBufferPointer(rebasing: arena[elements]))
    } else {
      pending.append(try startAllReduce(sendsTailAlone ? gradientRanges[index] : elements, communicator))
    }
    if sendsTailAlone && started == missing.count {
      pending.append(try startAllReduce(plan.tail, communicator.exact))
    }
  }

  private func startAllReduce(
    _ elements: Range<Int>, _ communicator: any Communicator
  ) throws -> any PendingOperation {
    try communicator.startAllReduce(UnsafeMutableBufferPointer(rebasing: arena[elements]), .sum)
  }
}

extension GradientReducer where Element == Float {
  /// A reducer of `arena` that sums matrices of gradients by PowerSGD, and the tail as it is.
  ///
  /// - Parameters:
  ///   - plan: the same on all ranks.
  ///   - shapes: the shape of each parameter.
  ///   - rank: the rank of the approximation of each matrix.
  public convenience init(
    communicator: any Communicator, arena: UnsafeMutableBufferPointer<Float>, plan: BucketPlan, shapes: [[Int]],
    powerSGDRank rank: Int
  ) {
    precondition(rank > 0, "PowerSGD of rank \(rank)")
    let compression = PowerSGD(communicator: communicator, arena: arena, plan: plan, shapes: shapes, rank: rank)
    self.init(
      communicator: communicator, arena: arena, plan: plan, shards: nil, scattersSums: false,
      compression: compression)
  }
}
