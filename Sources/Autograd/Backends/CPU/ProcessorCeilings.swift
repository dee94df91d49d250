import CKernels

/// What this processor can do at most, measured: the roofline that operators stay below.
///
/// S. Williams, A. Waterman, D. Patterson, "Roofline: An Insightful Visual Performance Model", CACM 52(4), 2009.
package struct ProcessorCeilings: Sendable {
  /// Floating-point operations a second of one core in float32, by multiply-adds that wait for nothing.
  package let flopsPerSecond: Double
  /// Bytes a second that one core reads from memory that no cache holds.
  package let readBytesPerSecond: Double
  /// Bytes a second, read and written, by copies of such memory, made by the threads together.
  package let copyBytesPerSecond: Double
  /// Bytes a second, read and written, where the threads together change such memory in place, as an optimizer does.
  package let changeBytesPerSecond: Double

  /// Measures for about half a second. The best of several times counts: what the machine did beside it does not.
  ///
  /// - Parameter threads: Those that copy and change memory at once.
  package static func measure(threads: Int = 1) -> ProcessorCeilings {
    let rounds = 1 << 21
    var discarded: Float = 0
    let flops = [0, 1].map { isWide in
      best { Double(dt_multiply_adds(rounds, isWide, &discarded)) }
    }
    let source = Tensor.zeros([memoryByteCount / 4])
    let target = Tensor.zeros([memoryByteCount / 4])
    return ProcessorCeilings(
      flopsPerSecond: max(flops[0], flops[1]),
      readBytesPerSecond: best {
        source.withElements(of: Float.self) { discarded = dt_read_memory($0.count, $0.baseAddress) }
        return Double(memoryByteCount)
      },
      copyBytesPerSecond: best {
        LoopThreads.shared.cut(source.count, over: threads) {
          target.address(of: $0.lowerBound).copyMemory(
            from: source.address(of: $0.lowerBound), byteCount: $0.count * source.dtype.byteCount)
        }
        return 2 * Double(memoryByteCount)
      },
      changeBytesPerSecond: best {
        LoopThreads.shared.cut(target.count, over: threads) {
          dt_change_memory($0.count, target.pointer(Float.self) + $0.lowerBound)
        }
        return 2 * Double(memoryByteCount)
      })
  }

  /// More than any core's part of a last-level cache.
  private static let memoryByteCount = 128 << 20

  /// The highest rate of several runs of `body`, which gives the amount that it did.
  private static func best(_ body: () -> Double) -> Double {
    let clock = ContinuousClock()
    return (0..<5).map { _ in
      let start = clock.now
      let amount = body()
      return amount / ((clock.now - start) / .seconds(1))
    }.max() ?? 0
  }
}
