import Collective
import Testing

@Suite struct XXHash64Tests {
  @Test(
    arguments: [
      ("", 0, 0xEF46_DB37_51D8_E999), ("a", 0, 0xD24E_C4F1_A98C_6E5B), ("abc", 0, 0x44BC_2CF5_AD77_0999),
      ("Nobody inspects the spammish repetition", 0, 0xFBCE_A83C_8A37_8BF1),
      ("xxhash", 20_141_025, 0xB559_B98D_844E_0635),
    ] as [(String, UInt64, UInt64)])
  func `the published checksums`(_ text: String, _ seed: UInt64, _ expected: UInt64) {
    #expect(Array(text.utf8).withUnsafeBytes { XXHash64.checksum($0, seed: seed) } == expected)
  }

  @Test(arguments: [1, 3, 4, 7, 8, 31, 32, 33, 64, 1000])
  func `one changed bit changes the checksum`(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let checksum = bytes.withUnsafeBytes { XXHash64.checksum($0) }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      #expect(changed.withUnsafeBytes { XXHash64.checksum($0) } != checksum)
    }
  }
}
