import Autograd

/// What all ranks add up in a step besides gradients, after these in the arena: the losses, the numbers of samples, and
/// for each rank a zero, or NaN where the rank's own loss is not finite.
struct StepSums {
  /// The sum of the losses of all ranks.
  let loss: Double
  /// The samples of all ranks.
  let count: Double
  /// The first rank whose own loss is not finite; nil where there is none.
  let firstNonfiniteRank: Int?

  /// The numbers that are added up over so many ranks.
  static func elementCount(ranks: Int) -> Int { 2 + ranks }

  /// The sums in the tail of an arena.
  init(tail: [Double]) {
    (loss, count) = (tail[0], tail[1])
    firstNonfiniteRank = tail[2...].firstIndex(where: \.isNaN).map { $0 - 2 }
  }
}

extension ParameterArena {
  /// Puts a rank's own part of ``StepSums`` after the gradients, without waiting for a GPU that is still computing the loss.
  /// (Zero times what is not finite is NaN.)
  func setStepSums(loss: Tensor?, count: Int, rank: Int) {
    guard device == .cpu else {
      var values = [1: Tensor.full([], Double(count), dtype: dtype, device: device)]
      values[0] = loss
      values[2 + rank] = loss.map { $0 * 0 }
      return setTail(values)
    }
    let loss = loss?.item() ?? 0
    var values = [loss, Double(count)] + Array(repeating: 0, count: tail.count - 2)
    values[2 + rank] = loss * 0
    tailValues = values
  }

  /// The sum of the losses, where ``StepSums`` have it.
  var lossSum: Tensor { tailElement(0) }
}
