import Foundation

extension Tensor {
  /// Normal draws from low...high alone, as `torch.nn.init.trunc_normal_` of PyTorch 2.15 draws them: what is outside is
  /// drawn again, or, where that would be most, uniform draws are accepted as often as they are likely.
  ///
  /// - Parameters:
  ///   - low: The least number; below `high`.
  ///   - high: The largest number.
  ///   - generator: Where the draws come from; the thread's default one if left out.
  public static func truncatedNormal(
    _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, low: Double = -2, high: Double = 2,
    dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) -> Tensor {
    precondition(
      low < high && standardDeviation > 0,
      "truncatedNormal from \(low) to \(high) with a standard deviation of \(standardDeviation)")
    func share(below x: Double) -> Double {
      (1 + Foundation.erf((x - mean) / standardDeviation / 2.0.squareRoot())) / 2
    }
    func normal() -> Tensor {
      randn(shape, mean: mean, standardDeviation: standardDeviation, dtype: dtype, generator: generator)
    }
    func uniform() -> Tensor { rand(shape, low: low, high: high, dtype: dtype, generator: generator) }
    func isOutside(_ drawn: Tensor) -> Tensor { (drawn .< low) .| (drawn .> high) }
    let likeliest = (Swift.max(low, Swift.min(mean, high)) - mean) / standardDeviation
    func isRejected(_ drawn: Tensor) -> Tensor {
      let logarithm = ((drawn - mean) / standardDeviation).pow(2) * -0.5 + 0.5 * likeliest * likeliest
      return rand(shape, dtype: dtype, generator: generator).log() .> logarithm
    }
    return noGrad {
      share(below: high) - share(below: low) > 0.3
        ? drawn(by: normal, againWhere: isOutside) : drawn(by: uniform, againWhere: isRejected)
    }
  }

  /// Draws of which those are replaced by others that `isUnwanted` says, until it says none.
  private static func drawn(by draw: () -> Tensor, againWhere isUnwanted: (Tensor) -> Tensor) -> Tensor {
    var drawn = draw()
    var isPending = isUnwanted(drawn)
    while isPending.any().item() != 0 {
      let others = draw()
      drawn = .select(isPending, others, drawn)
      isPending = isPending .& isUnwanted(others)
    }
    return drawn
  }
}
