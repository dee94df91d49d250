extension Double {
  /// The number nearest to a decimal one of up to 19 digits, as `-12.5e-3`, with spaces and tabs around it; nil for any
  /// other text, and for what does not fit one 64-bit division or multiplication.
  ///
  /// The digits are a whole number m times a power of ten, and 10⁻ᵏ is 2⁻ᵏ divided by 5ᵏ, which fits 63 bits up to k = 27:
  /// the quotient's first 64 bits and whether there is a remainder tell how to round.
  init?(decimal bytes: [UInt8], _ range: Range<Int>) {
    var (position, end) = (range.lowerBound, range.upperBound)
    while position < end, Self.isBlank(bytes[position]) { position += 1 }
    while position < end, Self.isBlank(bytes[end - 1]) { end -= 1 }
    guard position < end else { return nil }
    let isNegative = bytes[position] == UInt8(ascii: "-")
    if isNegative || bytes[position] == UInt8(ascii: "+") { position += 1 }
    var (digits, exponent, digitCount, places) = (0 as UInt64, 0, 0, 0)
    var isAfterPoint = false
    while position < end {
      let byte = bytes[position]
      if byte == UInt8(ascii: "."), !isAfterPoint {
        isAfterPoint = true
      } else {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
        digits = digits &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
        digitCount += digits == 0 ? 0 : 1
        places += 1
        exponent -= isAfterPoint ? 1 : 0
        guard digitCount <= 19 else { return nil }
      }
      position += 1
    }
    guard places > 0 else { return nil }
    if position < end {
      guard bytes[position] | 0x20 == UInt8(ascii: "e"), let written = Self.exponent(bytes, position + 1..<end) else {
        return nil
      }
      exponent += written
    }
    guard let magnitude = Self.product(digits, powerOfTen: exponent) else { return nil }
    self = isNegative ? -magnitude : magnitude
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

  /// A whole number of up to three digits with or without a sign.
  private static func exponent(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    var position = range.lowerBound
    guard position < range.upperBound else { return nil }
    let isNegative = bytes[position] == UInt8(ascii: "-")
    if isNegative || bytes[position] == UInt8(ascii: "+") { position += 1 }
    guard (1...3).contains(range.upperBound - position) else { return nil }
    var exponent = 0
    for byte in bytes[position..<range.upperBound] {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      exponent = exponent * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return isNegative ? -exponent : exponent
  }

  /// The number nearest to `digits` · 10^`powerOfTen`, where that is simple.
  private static func product(_ digits: UInt64, powerOfTen: Int) -> Double? {
    guard digits > 0 else { return 0 }
    guard powerOfTen < 0 else {
      guard powerOfTen > 0 else { return Double(digits) }
      // Both factors are exact.
      return digits <= 1 << 53 && powerOfTen < powersOfTen.count ? Double(digits) * powersOfTen[powerOfTen] : nil
    }
    guard -powerOfTen < powersOfFive.count else { return nil }
    let divisor = powersOfFive[-powerOfTen]
    let (dividendShift, divisorShift) = (digits.leadingZeroBitCount, divisor.leadingZeroBitCount)
    let (dividend, scaledDivisor) = (digits << dividendShift, divisor << divisorShift)
    // The quotient has 64 bits whichever is larger.
    let isLarger = dividend >= scaledDivisor
    let (quotient, remainder) = scaledDivisor.dividingFullWidth(
      isLarger ? (dividend >> 1, dividend << 63) : (dividend, 0))
    let (rest, half) = (quotient & 0x7ff, 0x400 as UInt64)
    let roundsUp = rest > half || rest == half && (remainder > 0 || quotient & 0x800 != 0)
    let significand = quotient >> 11 + (roundsUp ? 1 : 0)
    let exponent = divisorShift - dividendShift - (isLarger ? 63 : 64) + 11 + powerOfTen
    return Double(significand) * Double(bitPattern: UInt64(exponent + 1023) << 52)
  }

  /// From 10⁰ on, all that are exact.
  private static let powersOfTen: [Double] = (0..<22).reduce(into: [1]) { powers, _ in powers.append(powers.last! * 10)
  }
  /// From 5⁰ on, all of 63 bits.
  private static let powersOfFive: [UInt64] = (0..<27).reduce(into: [1]) { powers, _ in powers.append(powers.last! * 5)
  }
}
