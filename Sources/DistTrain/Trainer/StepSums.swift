import Autograd

/// What all ranks add up in a step besides gradients, after these in the arena: the losses, the numbers of samples, and
/// for each rank a zero, or NaN where the rank's own loss is not finite.
struct StepSums {
  /// As they are in the tail of an arena.
  let tail: [Double]

  /// The sum of the losses of all ranks.
  var loss: Double { tail[0] }
  /// The samples of all ranks.
  var count: Double { tail[1] }
  /// The first rank whose own loss is not finite; nil where there is none.
  var firstNonfiniteRank: Int? { tail[2...].firstIndex(where: \.isNaN).map { $0 - 2 } }

  /// The numbers that are added up over so many ranks.
  static func elementCount(ranks: Int) -> Int { 2 + ranks }
}

extension ParameterArena {
  /// Puts a rank's own part of ``StepSums`` after the gradients, without waiting for a GPU that is still computing the loss.
  /// (Zero times what is not finite is NaN.)
  func setStepSums(loss: Tensor?, count: Int, rank: Int) {
    guard device == .cpu else {
      let count = (1, Tensor.full([], Double(count), dtype: dtype, device: device))
      return setTail([count] + (loss.map { [(0, $0), (2 + rank, $0 * 0)] } ?? []))
    }
    let loss = loss?.item() ?? 0
    var values = [loss, Double(count)] + Array(repeating: 0, count: tail.count - 2)
    values[2 + rank] = loss * 0
    tailValues = values
  }

  /// The sum of the losses, where ``StepSums`` have it.
  var lossSum: Tensor { tailElement(0) }
}
