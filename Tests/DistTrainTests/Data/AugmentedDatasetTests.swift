import Autograd
import Collective
import DistTrain
import Testing

struct AugmentedDatasetTests {
  /// Numbers with a draw from 0 to 1 after the point.
  private let data = TensorDataset(Tensor((0..<10).map { Float($0) }, shape: [10]))
    .augmented { sample in [sample[0] + Tensor.rand([])] }

  private func values(_ batch: Batch) -> [Float] { batch[0].array(of: Float.self) }

  @Test func `a sample's change follows from the epoch's seed and its number alone`() throws {
    let all = try values(data.batch(Array(0..<10), epochSeed: 5))
    #expect(all.map { Int($0) } == Array(0..<10))
    #expect(Set(all.map { $0 - $0.rounded(.down) }).count == 10)
    #expect(try values(data.batch([7, 2], epochSeed: 5)) == [all[7], all[2]])
    #expect(try values(data.batch([7, 2], epochSeed: 6)) != [all[7], all[2]])
    #expect(try values(data.batch([7, 2])) == [7, 2])
    #expect(try data.batch([], epochSeed: 5)[0].shape == [0])
    #expect(try values(Subset(data, indices: [7, 2]).batch([1], epochSeed: 5)) == [all[2]])
  }

  @Test func `changes of changes are drawn apart, and the thread's stream goes on`() throws {
    let twice = numbered(4).augmented { $0 + [Tensor.rand([])] }.augmented { $0 + [Tensor.rand([])] }
    manualSeed(3)
    let batch = try twice.batch([2, 0], epochSeed: 1)
    #expect(batch.numbers == [2, 0])
    #expect(Set((1...2).flatMap { batch[$0].array(of: Float.self) }).count == 4)
    let drawn = Tensor.rand([3]).array(of: Float.self)
    manualSeed(3)
    #expect(Tensor.rand([3]).array(of: Float.self) == drawn)
  }

  @Test(arguments: 1...4)
  func `ranks see together what one process sees, in another form in every epoch`(_ ranks: Int) throws {
    let seen = try ThreadCommunicator.run(size: ranks) { [data] communicator in
      var loader = ShardLoader(data, globalBatch: 4, communicator: communicator, seed: 9)
      return try (0..<6).map { number in
        let (epoch, step) = number.quotientAndRemainder(dividingBy: loader.shards.stepsPerEpoch)
        return try loader.batch(epoch: epoch, step: step)[0].array(of: Float.self)
      }
    }
    var alone = ShardLoader(data, globalBatch: 4, communicator: LocalCommunicator(), seed: 9)
    var epochs: [Set<Float>] = [[], []]
    for number in 0..<6 {
      let (epoch, step) = number.quotientAndRemainder(dividingBy: 3)
      let expected = try values(alone.batch(epoch: epoch, step: step))
      #expect(seen.flatMap { $0[number] }.sorted() == expected.sorted())
      epochs[epoch].formUnion(expected)
    }
    #expect(epochs[0].count == 10 && epochs[0].isDisjoint(with: epochs[1]))
  }

  @Test(arguments: [0, 2])
  func `a loader of one process draws anew in every epoch`(_ prefetch: Int) throws {
    manualSeed(1)
    let loader = DataLoader(data, batchSize: 3, shuffle: true, prefetch: prefetch)
    let epochs = (0..<2).map { _ in loader.flatMap { values($0) } }
    manualSeed(1)
    let again = DataLoader(data, batchSize: 3, shuffle: true)
    #expect((0..<2).map { _ in again.flatMap { values($0) } } == epochs)
    #expect(Set(epochs[0]).isDisjoint(with: epochs[1]))
    #expect(epochs.map { $0.map { Int($0) }.sorted() } == [Array(0..<10), Array(0..<10)])
  }

  @Test func `an empty batch has the shapes of changed samples`() throws {
    let cut = TensorDataset(Tensor.ones([3, 8])).augmented { [$0[0][0..<4], Tensor([1])] }
    let empty = try cut.batch([], epochSeed: 1)
    #expect(empty.tensors.map(\.shape) == [[0, 4], [0, 1]] && empty[1].dtype == .int64)
    #expect(try cut.batch([2], epochSeed: 1).tensors.map(\.shape) == [[1, 4], [1, 1]])
  }

  @Test func `an error of a change is the loader's`() throws {
    struct Refused: Error {}
    var loader = ShardLoader(
      numbered(4).augmented { _ in throw Refused() }, globalBatch: 2, communicator: LocalCommunicator(), seed: 0)
    #expect(throws: Refused.self) { try loader.batch(epoch: 0, step: 0) }
  }
}
