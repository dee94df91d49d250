import Autograd
import DistTrain
import Testing

/// Data sets one after the other.
@Suite struct ConcatDatasetTests {
  private func samples(_ numbers: [Int]) -> TensorDataset {
    TensorDataset(Tensor(numbers.map { Float($0) / 2 }, shape: [numbers.count, 1]), Tensor(numbers))
  }

  @Test func samplesAreNumberedOnAndOn() throws {
    let data = ConcatDataset([samples([]), samples([10, 11, 12]), samples([20]), samples([30, 31])])
    #expect(data.count == 6)
    #expect(try data.batch([0, 3, 5]).targets.array(of: Int.self) == [10, 20, 31])
    let mixed = try data.batch([4, 1, 5, 3, 0, 1])
    #expect(mixed.targets.array(of: Int.self) == [30, 11, 31, 20, 10, 11])
    #expect(mixed.inputs.array(of: Float.self) == [15, 5.5, 15.5, 10, 5, 5.5] && mixed.inputs.shape == [6, 1])
    #expect(mixed.targets.dtype == .int64)
    #expect(try data.batch([2, 1]).targets.array(of: Int.self) == [12, 11])
  }

  @Test func batchesOfNothingHaveTheirShape() throws {
    let none = try ConcatDataset([samples([1]), samples([2])]).batch([])
    #expect(none.inputs.shape == [0, 1] && none.targets.shape == [0])
  }

  @Test func loadersGoThroughAll() {
    let data = ConcatDataset([samples([1, 2, 3]), samples([4, 5])])
    let order = DataLoader(data, batchSize: 2).flatMap { $0.targets.array(of: Int.self) }
    #expect(order == [1, 2, 3, 4, 5])
  }

  @Test func samplesOfEachAreChangedByThemselves() throws {
    let changed = samples([0, 0]).augmented { [$0[0] + Tensor.rand([1]), $0[1]] }
    let data = ConcatDataset([changed, changed])
    let inputs = try data.batch([0, 1, 2, 3], epochSeed: 3).inputs.array(of: Float.self)
    #expect(Set(inputs).count == 4)
    #expect(try data.batch([3, 0], epochSeed: 3).inputs.array(of: Float.self) == [inputs[3], inputs[0]])
    #expect(try data.batch([0], epochSeed: 4).inputs.array(of: Float.self) != [inputs[0]])
    #expect(try data.batch([0, 2]).inputs.array(of: Float.self) == [0, 0])
  }

  @Test func samplesOfOtherTypes() async {
    let fewer = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try ConcatDataset([TensorDataset(Tensor([1, 2])), TensorDataset(Tensor([1]), Tensor([2]))]).batch([0, 2])
    }
    expect(fewer, says: #"samples of the types [["int64"], ["int64", "int64"]] in one batch"#)
    let other = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try ConcatDataset([TensorDataset(Tensor([1, 2])), TensorDataset(Tensor([0.5]))]).batch([0, 2])
    }
    expect(other, says: #"samples of the types [["int64"], ["float32"]] in one batch"#)
  }

  @Test func numbersBeyondTheEnd() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let data = TensorDataset(Tensor([1, 2]))
      _ = try ConcatDataset([data, data]).batch([0, 4])
    }
    expect(result, says: "samples [0, 4], some of which are not below 4")
  }
}
