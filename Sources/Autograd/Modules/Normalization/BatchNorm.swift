/// Channels normalized over the batch, then scaled and shifted: what ``BatchNorm1d`` and ``BatchNorm2d`` have in common
/// (S. Ioffe, C. Szegedy, arXiv:1502.03167).
///
///     y = (x − mean) / √(variance + ε) · weight + bias
///
/// While training, mean and variance are those of the batch, and the running ones follow them; in evaluation they are
/// the running ones.
open class BatchNorm: Module, Layer {
  /// [channels], or `nil` when there is no scale.
  public let weight: Parameter?
  /// [channels], or `nil` when there is no shift.
  public let bias: Parameter?
  /// [channels]; 0 at first.
  public let runningMean: Buffer
  /// [channels], unbiased; 1 at first.
  public let runningVariance: Buffer
  /// The number of batches that the running statistics have seen, an `int64` scalar.
  public let batchCount: Buffer
  let epsilon: Double
  private let momentum: Double?
  /// Gives the rows [k] of all processes, one below the other in [processes, k], differentiably. Where it is set, a
  /// batch in training is what all processes together have, as with `torch.nn.SyncBatchNorm`; any may have an empty
  /// part of it, and all call it equally often.
  public var gatherRows: ((_ row: Tensor) -> Tensor)?

  /// The names of `torch.nn.BatchNorm2d`.
  override public class var stateNames: [String: String] {
    ["runningMean": "running_mean", "runningVariance": "running_var", "batchCount": "num_batches_tracked"]
  }

  /// A layer that does nothing but normalize at first.
  ///
  /// - Parameters:
  ///   - channels: The size of the input's second dimension.
  ///   - epsilon: ε.
  ///   - momentum: The weight of a batch in the running statistics; `nil` gives all batches the same weight.
  ///   - affine: Whether there are scale and shift.
  public init(
    _ channels: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, dtype: DataType = .float32
  ) {
    self.epsilon = epsilon
    self.momentum = momentum
    weight = affine ? Parameter(.ones([channels], dtype: dtype)) : nil
    bias = affine ? Parameter(.zeros([channels], dtype: dtype)) : nil
    runningMean = Buffer(.zeros([channels], dtype: dtype))
    runningVariance = Buffer(.ones([channels], dtype: dtype))
    batchCount = Buffer(.zeros([], dtype: .int64))
  }

  /// The numbers of dimensions that the input may have.
  open var ranks: ClosedRange<Int> { 2...5 }

  /// The result has the shape of `x`, [N, channels, …].
  public func callAsFunction(_ x: Tensor) -> Tensor { normalize(x, followedBy: nil) }

  /// max(y + residual, 0) for this layer's result y, in fewer passes over memory: what a residual block ends with.
  ///
  /// - Parameters:
  ///   - x: [N, channels, …].
  ///   - residual: Of the shape of `x`; 0 if left out.
  public func rectified(_ x: Tensor, adding residual: Tensor? = nil) -> Tensor {
    guard Self.computesSeparately(x) else { return normalize(x, followedBy: Rectification(residual: residual)) }
    return (residual.map { self(x) + $0 } ?? self(x)).relu()
  }

  override func activated(_ x: Tensor, by activation: LinearActivation) -> Tensor? {
    activation == .relu && !Self.computesSeparately(x) ? rectified(x) : nil
  }

  private static func computesSeparately(_ x: Tensor) -> Bool { Kernels.areGeneric && x.device == .cpu }

  private func normalize(_ x: Tensor, followedBy rectification: Rectification?) -> Tensor {
    precondition(
      ranks.contains(x.rank), "\(type(of: self)): shape \(x.shape) does not have \(ranks) dimensions")
    precondition(
      x.shape[1] == runningMean.count,
      "\(type(of: self)): shape \(x.shape) has \(x.shape[1]) channels, expected \(runningMean.count)")
    guard isTraining else {
      return x.batchNorm(
        mean: runningMean, variance: runningVariance, weight: weight, bias: bias, epsilon: epsilon,
        followedBy: rectification)
    }
    if let gatherRows { return normalize(x, gatheringBy: gatherRows, followedBy: rectification) }
    return x.batchNorm(
      weight: weight, bias: bias, epsilon: epsilon, followedBy: rectification,
      moving: statistics(following: x, elementsPerChannel: x.count / x.shape[1])
    ).output
  }

  /// Moves the running statistics towards those of a batch.
  func follow(mean: Tensor, variance: Tensor, elementsPerChannel: Int) {
    guard let statistics = statistics(following: mean, elementsPerChannel: elementsPerChannel) else { return }
    mean.backend.follow(statistics, mean: mean, variance: variance)
  }

  /// The running statistics, which are to be moved towards those of a batch; `nil` for one without elements, which has none
  /// and is only counted, and for what the backward pass computes anew, which has been seen.
  ///
  /// - Parameter x: Of the batch's type and device.
  private func statistics(following x: Tensor, elementsPerChannel: Int) -> RunningStatistics? {
    let buffers = [runningMean, runningVariance, batchCount]
    for buffer in buffers { x.requireSameDevice(buffer, for: "batchNorm") }
    precondition(
      x.dtype == runningMean.dtype,
      "\(type(of: self)): a batch of \(x.dtype) with running statistics of \(runningMean.dtype)")
    guard !isRecomputing else { return nil }
    for buffer in buffers { buffer.storage.version &+= 1 }
    guard elementsPerChannel > 0 else {
      batchCount.backend.binary(.add, batchCount, Tensor(1), into: batchCount)
      return nil
    }
    return RunningStatistics(
      mean: runningMean, variance: runningVariance, batchCount: batchCount,
      unbiased: Double(elementsPerChannel) / Double(elementsPerChannel - 1), momentum: momentum)
  }
}

/// ``BatchNorm`` of [N, C] or [N, C, L], as `torch.nn.BatchNorm1d`.
public final class BatchNorm1d: BatchNorm {
  /// Two or three.
  override public var ranks: ClosedRange<Int> { 2...3 }
}

/// ``BatchNorm`` of [N, C, H, W], as `torch.nn.BatchNorm2d`.
public final class BatchNorm2d: BatchNorm {
  /// Four.
  override public var ranks: ClosedRange<Int> { 4...4 }
}
