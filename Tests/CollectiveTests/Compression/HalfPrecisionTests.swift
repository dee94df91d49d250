import Collective
import Testing

struct HalfPrecisionTests {
  private func narrow(_ values: [Float], _ format: HalfPrecision) -> [UInt16] {
    Array(unsafeUninitializedCapacity: values.count) { result, count in
      guard let start = result.baseAddress else { return }
      values.withUnsafeBufferPointer { format.narrow($0, into: start) }
      count = values.count
    }
  }

  private func widen(_ values: [UInt16], _ format: HalfPrecision) -> [Float] {
    Array(unsafeUninitializedCapacity: values.count) { result, count in
      values.withUnsafeBufferPointer { values in
        guard let start = values.baseAddress else { return }
        format.widen(start, into: UnsafeMutableBufferPointer(rebasing: result[..<values.count]))
      }
      count = values.count
    }
  }

  /// Values of every exponent and both signs, with mantissas on, just below and just above a tie.
  private var values: [Float] {
    (0..<512).flatMap { high in
      [0, 1, 0xfff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x7fff, 0x8000, 0x8001, 0x1_8000, 0x7f_ffff].map {
        Float(bitPattern: UInt32(high) << 23 | $0)
      }
    }
  }

  @Test func `float16 is rounded as the processor does, and stays finite`() {
    for (value, bits) in zip(values, narrow(values, .float16)) {
      let nearest = Float16(value)
      let expected =
        nearest.isInfinite && value.isFinite
        ? (value < 0 ? -Float16.greatestFiniteMagnitude : .greatestFiniteMagnitude) : nearest
      #expect(bits == expected.bitPattern || (value.isNaN && Float16(bitPattern: bits).isNaN), "\(value)")
    }
  }

  @Test func `every float16 is widened as the processor does`() {
    let all = (0...UInt16.max).map { $0 }
    for (bits, value) in zip(all, widen(all, .float16)) {
      let expected = Float(Float16(bitPattern: bits))
      #expect(value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN), "\(bits)")
    }
  }

  @Test func `bfloat16 is the upper half, rounded to even`() {
    for (value, bits) in zip(values, narrow(values, .bfloat16)) {
      let (upper, lower) = (value.bitPattern >> 16, value.bitPattern & 0xffff)
      let isUp = lower > 0x8000 || (lower == 0x8000 && upper & 1 == 1)
      #expect(UInt32(bits) == upper + (isUp ? 1 : 0) || (value.isNaN && widen([bits], .bfloat16)[0].isNaN), "\(value)")
    }
    #expect(widen([0x3f80, 0xc000, 0x7f80], .bfloat16) == [1, -2, .infinity])
  }

  @Test func `sums are rounded once`() {
    // 256 + 1 + 1 is 258 when rounded once, and 256 when every sum is.
    let sources = [256, 1, 1].map { narrow(Array(repeating: $0, count: 600), .bfloat16) }
    let sums = [UInt16](unsafeUninitializedCapacity: 600) { result, count in
      guard let start = result.baseAddress else { return }
      sources[0].withUnsafeBufferPointer { first in
        sources[1].withUnsafeBufferPointer { second in
          sources[2].withUnsafeBufferPointer { third in
            let pointers = [first, second, third].compactMap(\.baseAddress)
            HalfPrecision.bfloat16.sum(pointers, count: 600, into: start)
          }
        }
      }
      count = 600
    }
    #expect(widen(sums, .bfloat16) == Array(repeating: 258, count: 600))
  }

  @Test(arguments: [
    ("bfloat16", "bfloat16"), ("float16", "float16"), ("powersgd", "powersgd-2"), ("powersgd-7", "powersgd-7"),
  ])
  func `a compression has a text`(_ text: String, _ resolved: String) {
    #expect(GradientCompression(rawValue: text)?.rawValue == resolved)
  }

  @Test(arguments: ["", "none", "float32", "powersgd-", "powersgd-0", "powersgd--1", "powersgd-257", "powersgd-x"])
  func `another text is none`(_ text: String) {
    #expect(GradientCompression(rawValue: text) == nil)
  }
}
