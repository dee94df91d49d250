import Autograd

/// Draws of samples, each as likely as its weight is large, as PyTorch's `WeightedRandomSampler`: with the weights
/// 1 / (samples of its class) all classes come equally often.
///
/// The draws of an epoch are PyTorch's with a generator whose seed is the loader's plus the number of the epoch.
public struct WeightedSampler: Sampler {
  /// The draws of an epoch.
  public let count: Int
  private let weights: [Double]
  private let replacement: Bool

  /// Draws by weights.
  ///
  /// - Parameters:
  ///   - weights: One for each sample, finite, not negative, and not all 0.
  ///   - count: The draws of an epoch; without replacement at most as many as weights that are not 0.
  ///   - replacement: Whether a sample can be drawn again in the same epoch.
  public init(_ weights: [Double], count: Int, replacement: Bool = true) {
    for (index, weight) in weights.enumerated() {
      precondition(weight >= 0 && weight.isFinite, "a sampler in which sample \(index) has the weight \(weight)")
    }
    let possible = weights.count { $0 > 0 }
    precondition(
      count > 0 && possible > 0 && (replacement || count <= possible),
      "a sampler of \(count) draws\(replacement ? "" : " without replacement") by \(possible) weights that are not 0")
    self.weights = weights
    self.count = count
    self.replacement = replacement
  }

  /// The draws of an epoch.
  public func samples(seed: UInt64, epoch: Int) -> [Int] {
    let generator = RandomGenerator(seed: seed &+ UInt64(bitPattern: Int64(epoch)))
    let draws = Tensor(weights, shape: [weights.count]).multinomial(
      count, replacement: replacement, generator: generator)
    return draws.array(of: Int.self)
  }
}
