import Autograd

/// What all ranks add up in a step besides gradients, after these in the arena: the losses, the numbers of samples, a one
/// for each rank that was asked to end, and for each rank a zero, or NaN where the rank's own loss is not finite.
struct StepSums {
  /// As they are in the tail of an arena.
  let tail: [Double]

  /// The sum of the losses of all ranks.
  var loss: Double { tail[0] }
  /// The samples of all ranks.
  var count: Double { tail[1] }
  /// Whether some rank was asked to end.
  var isInterrupted: Bool { tail[2] > 0 }
  /// The first rank whose own loss is not finite; nil where there is none.
  var firstNonfiniteRank: Int? { tail[Self.start...].firstIndex(where: \.isNaN).map { $0 - Self.start } }

  /// The place of rank 0's own number.
  static let start = 3

  /// The numbers that are added up over so many ranks.
  static func elementCount(ranks: Int) -> Int { start + ranks }
}

extension ParameterArena {
  /// Puts a rank's own part of ``StepSums`` after the gradients, without waiting for a GPU that is still computing the loss.
  /// (Zero times what is not finite is NaN.)
  func setStepSums(loss: Tensor?, count: Double, isInterrupted: Bool, rank: Int) {
    guard device == .cpu else {
      func number(_ value: Double) -> Tensor { .full([], value, dtype: dtype, device: device) }
      return setTail(
        [(1, number(count))] + (isInterrupted ? [(2, number(1))] : [])
          + (loss.map { [(0, $0), (StepSums.start + rank, $0 * 0)] } ?? []))
    }
    let loss = loss?.item() ?? 0
    var values = [loss, count, isInterrupted ? 1 : 0] + Array(repeating: 0, count: tail.count - StepSums.start)
    values[StepSums.start + rank] = loss * 0
    tailValues = values
  }

  /// The sum of the losses, where ``StepSums`` have it.
  var lossSum: Tensor { tailElement(0) }
}
