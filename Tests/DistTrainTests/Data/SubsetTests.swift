import Autograd
import DistTrain
import Testing

struct SubsetTests {
  @Test func numbersItsSamplesAnew() throws {
    let subset = Subset(numbered(9), indices: [8, 1, 1, 5])
    #expect(subset.count == 4)
    #expect(try subset.batch([3, 0]).numbers == [5, 8])
    #expect(try Subset(subset, indices: [2]).batch([0]).numbers == [1])
  }

  /// `torch.manual_seed(7); random_split(range(13), [8, 5]); torch.rand(2)`.
  @Test func splitsAsPyTorch() {
    manualSeed(7)
    #expect(numbered(13).randomSplit([8, 5]).map(\.indices) == [[6, 5, 3, 9, 8, 4, 12, 0], [11, 10, 1, 7, 2]])
    #expect(Tensor.rand([2]).array(of: Float.self) == [0.28683900833129883, 0.2063193917274475])
  }

  /// `random_split(range(13), [0.5, 0.3, 0.2], generator=torch.Generator().manual_seed(3))`.
  @Test func splitsByFractionsAsPyTorch() {
    let parts = numbered(13).randomSplit(fractions: [0.5, 0.3, 0.2], generator: RandomGenerator(seed: 3))
    #expect(parts.map(\.indices) == [[2, 9, 1, 10, 5, 4, 8], [12, 0, 7, 11], [6, 3]])
  }
}
