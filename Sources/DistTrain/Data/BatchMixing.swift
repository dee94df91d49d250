import Autograd

/// How the samples of a batch are mixed in pairs while a model learns from them, and their classes with them, as
/// `torchvision.transforms.v2.MixUp` and `CutMix` do. A loader that is given it has probabilities as targets.
///
///     var loader = ShardLoader(
///       train, globalBatch: 1024, communicator: communicator, seed: 0,
///       mixing: BatchMixing(.mixUp(alpha: 0.2), .cutMix(alpha: 1), classCount: 1000))
///
/// Each sample of a global batch is mixed with the one half a batch after it, and the last half with the first. How follows
/// from the loader's seed, the epoch and the step: from the number of ranks as little as from an interruption.
///
/// A rank reads its samples' partners, too, where it has not got them anyway. It has them where it takes the same even number
/// of samples as every other rank, and each piece of a batch as well.
public struct BatchMixing: Sendable {
  /// How two samples become one. The share λ of the first is drawn from the beta distribution of `alpha` and `alpha`.
  public enum Kind: Equatable, Sendable {
    /// λ of the one and 1 − λ of the other, in inputs and targets (Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond
    /// Empirical Risk Minimization", <https://arxiv.org/abs/1710.09412>).
    case mixUp(alpha: Double)
    /// A rectangle of 1 − λ of the one picture, or what of it lies within, is that of the other, and its targets in this
    /// proportion (Yun, Han, Oh, Chun, Choe, Yoo, "CutMix", <https://arxiv.org/abs/1905.04899>).
    case cutMix(alpha: Double)

    var alpha: Double {
      switch self {
      case .mixUp(let alpha), .cutMix(let alpha): alpha
      }
    }
  }

  /// The kinds, one of which is drawn for each batch, each as likely.
  public let kinds: [Kind]
  /// The number of classes, of each of which targets have a probability.
  public let classCount: Int

  /// Mixing of one kind or another.
  public init(_ kinds: Kind..., classCount: Int) {
    precondition(!kinds.isEmpty && classCount > 0, "batches mixed in \(kinds.count) ways, of \(classCount) classes")
    for kind in kinds {
      precondition(
        kind.alpha > 0 && kind.alpha.isFinite, "batches mixed with an alpha of \(kind.alpha), expected a number above 0"
      )
    }
    self.kinds = kinds
    self.classCount = classCount
  }

  /// Some samples of a step, mixed.
  ///
  /// - Parameters:
  ///   - positions: Which of them, from 0.
  ///   - samples: The numbers of all samples that all ranks take at the step.
  ///   - dataset: Where they come from.
  ///   - epochSeed: As of ``Dataset/batch(_:epochSeed:)``.
  ///   - step: The number of the step in its epoch.
  /// - Throws: What the data set throws.
  func batch(
    _ positions: [Int], ofStep samples: ArraySlice<Int>, of dataset: any Dataset, epochSeed: UInt64, step: Int
  ) throws -> Batch {
    let partners = positions.map { ($0 + samples.count / 2) % samples.count }
    let own = Set(positions)
    let read = positions + partners.filter { !own.contains($0) }
    let rows = Dictionary(uniqueKeysWithValues: zip(read, 0...))
    let batch = try dataset.ungraphedBatch(read.map { samples[samples.startIndex + $0] }, epochSeed: epochSeed)
    // Three words, so that no sample's own stream is the same.
    let generator = RandomGenerator(seed: SplitMix64.mixed(epochSeed, UInt64(step), 1))
    return noGrad {
      mixed(batch, keeping: positions.count, with: partners.map { rows[$0] ?? 0 }, drawingFrom: generator)
    }
  }

  /// The first `count` samples of a batch, each mixed with that of a given row.
  private func mixed(
    _ batch: Batch, keeping count: Int, with partners: [Int], drawingFrom generator: RandomGenerator
  ) -> Batch {
    let tensors = batch.tensors
    precondition(
      tensors.count >= 2 && tensors[0].dtype.isFloatingPoint,
      "a batch of \(tensors.count) tensors to mix, the first of \(tensors[0].dtype), "
        + "expected floating-point inputs and their targets")
    let (inputs, targets) = (tensors[0], probabilities(of: tensors[1]).cast(to: tensors[0].dtype))
    let kind = kinds[Int(generator.random64() % UInt64(kinds.count))]
    let alpha = Tensor([kind.alpha], shape: [])
    var share = alpha.betaDraws(alpha, generator: generator).item()
    var cut: PictureCut?
    if case .cutMix = kind {
      precondition(inputs.rank == 4, "CutMix of \(inputs.shape), expected pictures [n, channels, height, width]")
      let drawn = PictureCut(height: inputs.shape[2], width: inputs.shape[3], keeping: share, drawingFrom: generator)
      (share, cut) = (drawn.keptShare, drawn)
    }
    let others = Tensor(partners.map(Int64.init), shape: [count])
    return Batch(
      [
        inputs.dtype == .float32
          ? mixed(inputs, of: Float.self, count, with: partners, share: share, cut: cut)
          : mixed(inputs, of: Double.self, count, with: partners, share: share, cut: cut),
        targets[0..<count] * share + targets.selected(others, along: 0) * (1 - share),
      ] + tensors.dropFirst(2).map { $0[0..<count] })
  }

  /// Targets as the probability of every class, [n, classes].
  private func probabilities(of targets: Tensor) -> Tensor {
    if targets.dtype == .int64 && targets.rank == 1 { return targets.oneHot(classCount) }
    precondition(
      targets.dtype.isFloatingPoint && targets.rank == 2 && targets.shape[1] == classCount,
      "targets \(targets.shape) of \(targets.dtype) to mix, expected class labels [n] or probabilities [n, \(classCount)]"
    )
    return targets
  }

  private func mixed<Number: TensorElement & BinaryFloatingPoint>(
    _ inputs: Tensor, of type: Number.Type, _ count: Int, with partners: [Int], share: Double, cut: PictureCut?
  ) -> Tensor {
    let shape = [count] + inputs.shape.dropFirst()
    let size = shape.dropFirst().reduce(1, *)
    let (ownShare, otherShare) = (Number(share), Number(1 - share))
    return Tensor(shape: shape, of: type) { mixed in
      inputs.withElements(of: type) { read in
        for (row, partner) in partners.enumerated() {
          let (own, other) = (row * size, partner * size)
          guard let cut else {
            for place in 0..<size {
              mixed.initializeElement(
                at: own + place, to: otherShare * read[other + place] + ownShare * read[own + place])
            }
            continue
          }
          _ = mixed[own..<own + size].initialize(fromContentsOf: read[own..<own + size])
          for line in cut.lines(channels: shape[1]) {
            _ = mixed[own + line.lowerBound..<own + line.upperBound].update(
              fromContentsOf: read[other + line.lowerBound..<other + line.upperBound])
          }
        }
      }
    }
  }
}

/// The rectangle of pictures that is that of others.
private struct PictureCut {
  let height: Int
  let width: Int
  let rows: Range<Int>
  let columns: Range<Int>

  /// A rectangle in the picture's proportions around a pixel that is drawn, without what lies outside.
  init(height: Int, width: Int, keeping share: Double, drawingFrom generator: RandomGenerator) {
    let x = Int(generator.random64() % UInt64(width))
    let y = Int(generator.random64() % UInt64(height))
    let half = 0.5 * (1 - share).squareRoot()
    let (halfWidth, halfHeight) = (Int(half * Double(width)), Int(half * Double(height)))
    self.height = height
    self.width = width
    rows = max(0, y - halfHeight)..<min(height, y + halfHeight)
    columns = max(0, x - halfWidth)..<min(width, x + halfWidth)
  }

  /// The part of the picture that stays.
  var keptShare: Double { 1 - Double(rows.count * columns.count) / Double(height * width) }

  /// Where the rectangle lies in the elements of a picture.
  func lines(channels: Int) -> [Range<Int>] {
    (0..<channels).flatMap { channel in
      rows.map { row in
        let start = (channel * height + row) * width
        return start + columns.lowerBound..<start + columns.upperBound
      }
    }
  }
}
