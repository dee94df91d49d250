extension Float {
  /// The number whose IEEE 754 half-precision bits these are.
  init(halfBits bits: UInt16) {
    let (exponent, fraction) = (UInt32(bits >> 10 & 31), UInt32(bits & 1023))
    let magnitude: Float =
      switch exponent {
      case 0: Float(fraction) * 0x1p-24
      case 31: Float(bitPattern: 0xff << 23 | fraction << 13)
      default: Float(bitPattern: (exponent + 112) << 23 | fraction << 13)
      }
    self = bits >> 15 == 1 ? -magnitude : magnitude
  }
}
