/// Seeds that follow from several numbers (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
/// 2014).
enum SplitMix64 {
  /// A number in which every bit depends on all bits of all words.
  static func mixed(_ words: UInt64...) -> UInt64 { words.reduce(0) { mixed($0 ^ $1) } }

  private static func mixed(_ word: UInt64) -> UInt64 {
    var bits = word &+ 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }
}
