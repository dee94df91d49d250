/// A search for the sizes of buckets with which steps take the least time, in the first steps of a training.
///
/// Step after step takes the next candidate, round after round, so that what slows the machine for a while slows all of
/// them alike, and a candidate is only compared with the standard of the same round. It must be faster in most rounds,
/// for a machine is never quiet. The steps are ordinary ones: nothing is computed twice, and nothing is thrown away.
public struct BucketTuning: Sendable {
  /// Steps whose times do not count: memory is touched and connections are made in them.
  package static let warmUpCount = 2
  /// How often each candidate is measured.
  package static let roundCount = 7
  /// What a candidate may take of the standard's time, in six rounds of seven, to be chosen.
  static let limit = 0.98
  /// The smallest bucket that is tried, and by how much the next are larger.
  private static let (smallest, growth) = (64 << 10, 16)

  /// The sizes that are tried, the standard first. All cut the gradients differently.
  public let candidates: [BucketSizes]
  /// The times of the steps so far, but for the warm-up.
  private(set) var seconds: [Double] = []
  private var warmUps = 0

  /// A search among the sizes that cut an arena differently: 64 KiB, 1 MiB, 16 MiB, … up to the whole for all
  /// buckets, and with a first one of 1/16. Nil where all cuts are the same.
  ///
  /// - Parameter plan: cuts the arena by sizes.
  public init?(plan: (BucketSizes) -> BucketPlan) {
    var (sizes, plans) = ([BucketSizes.standard], [plan(.standard)])
    let byteCount = plans[0].elementCount * plans[0].bytesPerElement
    for others in sequence(first: Self.smallest, next: { $0 < byteCount ? $0 * Self.growth : nil }) {
      for first in [others, max(Self.smallest, others / Self.growth)] {
        let candidate = BucketSizes(first: first, others: others)
        let plan = plan(candidate)
        guard !plans.contains(plan) else { continue }
        sizes.append(candidate)
        plans.append(plan)
      }
    }
    guard sizes.count > 1 else { return nil }
    candidates = sizes
  }

  /// The sizes with which the next step is to be made.
  public var current: BucketSizes { candidates[seconds.count % candidates.count] }

  /// Whether enough steps were made.
  public var isComplete: Bool { seconds.count == Self.roundCount * candidates.count }

  /// Takes the time that a step with ``current`` took this rank, from the start of its computation until it had the sums.
  public mutating func add(_ seconds: Double) {
    precondition(!isComplete, "a step after the last that was to be measured")
    if warmUps < Self.warmUpCount {
      warmUps += 1
    } else {
      self.seconds.append(seconds)
    }
  }

  /// The sizes that were best over all ranks, the same on each of them. Collective.
  ///
  /// A step takes the time of its slowest rank. Throws when the communication fails.
  public func best(_ communicator: any Communicator) throws -> BucketSizes {
    precondition(isComplete, "\(seconds.count) steps of \(Self.roundCount * candidates.count) were measured")
    var slowest = seconds
    try communicator.allReduce(&slowest, .maximum)
    return best(of: slowest)
  }

  /// The sizes that are best by the times of steps in their order.
  package func best(of seconds: [Double]) -> BucketSizes {
    /// What a candidate took of the standard's time, at most, in six rounds of seven.
    func share(_ candidate: Int) -> Double {
      let rounds = stride(from: 0, to: seconds.count, by: candidates.count)
      let shares = rounds.map { seconds[$0 + candidate] / seconds[$0] }.sorted()
      return shares[shares.count * 3 / 4]
    }
    let shares = candidates.indices.dropFirst().map { (share: share($0), sizes: candidates[$0]) }
    guard let best = shares.min(by: { $0.share < $1.share }), best.share < Self.limit else { return .standard }
    return best.sizes
  }
}
