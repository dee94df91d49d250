import Collective
import DistTrain
import Testing

struct CoreShareTests {
  private func threads(_ cores: [Set<Int>]) -> [Int] {
    cores.indices.map { CoreShare.threadCount(of: $0, among: cores) }
  }

  @Test func `a rank that is bound has the cores that it is bound to`() {
    #expect(threads([[0], [1]]) == [1, 1])
    #expect(threads([[0, 1, 2], [3, 4, 5]]) == [3, 3])
  }

  @Test func `ranks that are not bound share what they are allowed together`() {
    #expect(threads([Set(0..<64)]) == [64])
    #expect(threads(Array(repeating: Set(0..<64), count: 4)) == [16, 16, 16, 16])
    // Of a container or a job that was given a part of the node.
    #expect(threads(Array(repeating: Set(8..<16), count: 2)) == [4, 4])
    #expect(threads(Array(repeating: Set(0..<3), count: 3)) == [1, 1, 1])
  }

  @Test func `cores are rounded down, but no rank is without one`() {
    #expect(threads(Array(repeating: Set(0..<8), count: 3)) == [2, 2, 2])
    #expect(threads(Array(repeating: Set(0..<2), count: 5)) == [1, 1, 1, 1, 1])
    #expect(threads([[0, 1, 2, 3], [0, 1]]) == [3, 1])
    #expect(threads([[]]) == [1])
  }

  @Test func `all ranks of a node are counted, wherever they are`() throws {
    let cores = Processor.allowedCores.count
    #expect(try LocalCommunicator().threadsOfThisRank() == cores)
    for ranks in 2...3 {
      let found = try ThreadCommunicator.run(size: ranks) { try $0.threadsOfThisRank() }
      #expect(found == Array(repeating: max(1, cores / ranks), count: ranks))
    }
  }
}
