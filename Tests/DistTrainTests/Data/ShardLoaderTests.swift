import Autograd
import DistTrain
import Testing

struct ShardLoaderTests {
  @Test func `every epoch has an order of its own`() throws {
    let shards = Shards(sampleCount: 20, globalBatch: 20, rank: 0, worldSize: 1)
    var loader = ShardLoader(TensorDataset(Tensor(Array(0..<20))), shards: shards, seed: 3)
    let orders = try (0..<6).map { try loader.batch(epoch: $0, step: 0).numbers }
    #expect(Set(orders).count == 6 && orders.allSatisfy { $0.sorted() == Array(0..<20) })
  }

  @Test func `shards of another data set trap`() async {
    await #expect(processExitsWith: .failure) {
      let shards = Shards(sampleCount: 8, globalBatch: 2, rank: 0, worldSize: 1)
      _ = ShardLoader(TensorDataset(Tensor(Array(0..<7))), shards: shards, seed: 0)
    }
  }

  /// Samples whose target is their number.
  private static func numbered(_ count: Int) -> TensorDataset {
    TensorDataset(Tensor.zeros([count, 2]), Tensor((0..<count).map(Int64.init), shape: [count]))
  }

  private static func loader(_ rank: Int = 0, of ranks: Int = 1) -> ShardLoader {
    let shards = Shards(sampleCount: 23, globalBatch: 6, rank: rank, worldSize: ranks)
    return ShardLoader(numbered(23), shards: shards, seed: 9)
  }

  private static func numbers(_ batch: Batch) -> [Int] { batch.targets.array(of: Int64.self).map(Int.init) }

  @Test(arguments: 1...7)
  func `the ranks together take the epoch's order, batch by batch`(_ ranks: Int) throws {
    for epoch in 0..<2 {
      let order = SampleOrder.epochOrder(count: 23, seed: 9, epoch: epoch)
      for step in 0..<4 {
        var taken: [[Int]] = []
        for rank in 0..<ranks {
          var loader = Self.loader(rank, of: ranks)
          taken.append(Self.numbers(try loader.batch(epoch: epoch, step: step)))
        }
        let expected = Array(order[step * 6..<min(step * 6 + 6, 23)])
        #expect((0..<expected.count).map { taken[$0 % ranks][$0 / ranks] } == expected)
        #expect(taken.map(\.count).reduce(0, +) == expected.count)
      }
    }
  }

  @Test func `a rank without samples gets an empty batch of the right shape`() throws {
    var loader = Self.loader(6, of: 7)
    let batch = try loader.batch(epoch: 0, step: 0)
    #expect(batch.count == 0)
    #expect(batch.inputs.shape == [0, 2])
  }

  @Test func `a batch depends on epoch and step only`() throws {
    var first = Self.loader()
    var second = Self.loader()
    let batch = try Self.numbers(first.batch(epoch: 0, step: 2))
    #expect(try Self.numbers(second.batch(epoch: 3, step: 2)) != batch)
    #expect(try Self.numbers(second.batch(epoch: 0, step: 2)) == batch)
  }
}
