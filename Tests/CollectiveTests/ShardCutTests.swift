import Collective
import Testing

@Suite struct ShardCutTests {
  @Test func `longer parts come first`() {
    let cut = ShardCut(count: 10, size: 4)
    #expect((0..<4).map(cut.range(of:)) == [0..<3, 3..<6, 6..<8, 8..<10])
  }

  @Test func `fewer elements than ranks`() {
    let cut = ShardCut(count: 1, size: 3)
    #expect((0..<3).map(cut.range(of:)) == [0..<1, 1..<1, 1..<1])
  }

  @Test func `counts past 32 bits`() {
    let count = 5_000_000_001
    let cut = ShardCut(count: count, size: 2)
    #expect(cut.range(of: 1) == 2_500_000_001..<count)
  }
}
