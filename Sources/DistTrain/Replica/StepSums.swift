import Autograd

/// What all ranks add up in a step besides gradients, after these in the arena: the losses, the numbers of samples, a one
/// for each rank that was asked to end, for each rank a zero, or NaN where the rank's own loss is not finite, and what was
/// measured beside the loss.
struct StepSums {
  /// As they are in the tail of an arena.
  let tail: [Double]
  /// What was measured.
  let measureNames: [String]

  /// The sum of the losses of all ranks.
  var loss: Double { tail[0] }
  /// The samples of all ranks.
  var count: Double { tail[1] }
  /// Whether some rank was asked to end.
  var isInterrupted: Bool { tail[2] > 0 }
  /// The first rank whose own loss is not finite; nil where there is none.
  var firstNonfiniteRank: Int? {
    tail[Self.start..<tail.count - measureNames.count].firstIndex(where: \.isNaN).map { $0 - Self.start }
  }
  /// The means of what was measured, over so many samples of all ranks.
  func measures(of count: Double) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: zip(measureNames, tail.suffix(measureNames.count).map { $0 / count }))
  }

  /// The place of rank 0's own number.
  static let start = 3

  /// The numbers that are added up over so many ranks.
  static func elementCount(ranks: Int, measures: Int) -> Int { start + ranks + measures }
}

extension ParameterArena {
  /// Puts a rank's own part of ``StepSums`` after the gradients, without waiting for a GPU that is still computing the loss.
  /// (Zero times what is not finite is NaN.)
  func setStepSums(_ own: StepProgress, isInterrupted: Bool, rank: Int) {
    let measures = own.measures.sums
    let firstMeasure = tail.count - measures.count
    guard device == .cpu else {
      func number(_ value: Double) -> Tensor { .full([], value, dtype: dtype, device: device) }
      return setTail(
        [(1, number(own.count))] + (isInterrupted ? [(2, number(1))] : [])
          + (own.lossSum.map { [(0, $0), (StepSums.start + rank, $0 * 0)] } ?? [])
          + measures.enumerated().compactMap { index, sum in sum.map { (firstMeasure + index, $0) } })
    }
    let loss = own.lossSum?.item() ?? 0
    var values = [loss, own.count, isInterrupted ? 1 : 0]
    values += Array(repeating: 0, count: firstMeasure - StepSums.start)
    values[StepSums.start + rank] = loss * 0
    tailValues = values + measures.map { $0?.item() ?? 0 }
  }

  /// The sum of the losses, where ``StepSums`` have it.
  var lossSum: Tensor { tailElement(0) }
}
