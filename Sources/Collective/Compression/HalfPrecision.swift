import CSharedMemory

/// The 16-bit numbers as which gradients can travel.
public enum HalfPrecision: String, Sendable, CaseIterable {
  /// 8 bits of exponent, 7 of mantissa: the range of `Float` with 2 to 3 decimal digits.
  case bfloat16
  /// IEEE 754 binary16: 5 bits of exponent, 10 of mantissa. What is finite and beyond its range becomes ±65504.
  case float16

  private var format: CSMHalf {
    switch self {
    case .bfloat16: CSMHalfBFloat16
    case .float16: CSMHalfFloat16
    }
  }

  /// Rounds values to the nearest 16-bit numbers, ties to even.
  package func narrow(_ values: UnsafeBufferPointer<Float>, into result: UnsafeMutablePointer<UInt16>) {
    guard let start = values.baseAddress else { return }
    csm_narrow(format, values.count, start, result)
  }

  /// Gives the values of 16-bit numbers.
  package func widen(_ values: UnsafePointer<UInt16>, into result: UnsafeMutableBufferPointer<Float>) {
    guard let start = result.baseAddress else { return }
    csm_widen(format, result.count, values, start)
  }

  /// Adds up `count` numbers of each source, in their order and in `Float`, and rounds the sums once. The result may be
  /// one of the sources.
  package func sum(_ sources: [UnsafePointer<UInt16>], count: Int, into result: UnsafeMutablePointer<UInt16>) {
    sources.map { Optional($0) }.withUnsafeBufferPointer { pointers in
      guard let start = pointers.baseAddress else { return }
      csm_sum_halves(format, count, sources.count, start, result)
    }
  }

  /// ``sum(_:count:into:)`` for numbers that ranks send each other.
  var combination: DirectExchange.Combination {
    DirectExchange.Combination(elementByteCount: MemoryLayout<UInt16>.stride) { count, sources, target in
      sum(
        sources.compactMap { $0?.assumingMemoryBound(to: UInt16.self) }, count: count,
        into: target.assumingMemoryBound(to: UInt16.self))
    }
  }
}
