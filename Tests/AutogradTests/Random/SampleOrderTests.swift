import Autograd
import Testing

@Suite struct SampleOrderTests {
  @Test(arguments: RandomFixture.cases("DistributedSampler"))
  func epochOrderIsDistributedSamplers(_ item: RandomFixture.Case) throws {
    let world = try #require(item.world)
    let shards = try #require(item.shards)
    #expect(shards.count == 2 * world)
    for shard in shards {
      let order = SampleOrder.epochOrder(count: 13, seed: item.seed, epoch: shard.epoch)
      let whole = 13 / world * world
      #expect(stride(from: shard.rank, to: whole, by: world).map { order[$0] } == shard.indices)
    }
  }

  @Test(arguments: RandomFixture.cases("DataLoader"))
  func shuffledOrderIsDataLoaders(_ item: RandomFixture.Case) throws {
    let batches = try #require(item.batches)
    #expect(batches.count == 2)
    let generator = RandomGenerator(seed: item.seed)
    for epoch in batches {
      #expect(SampleOrder.shuffledOrder(count: 13, drawingFrom: generator).order == epoch.flatMap { $0 })
    }
  }

  @Test func fixtureHasBothSamplers() {
    #expect(RandomFixture.cases("DistributedSampler").count == 15)
    #expect(RandomFixture.cases("DataLoader").count == 5)
  }

  /// `torch.manual_seed(5); torch.randperm(60000)`: the first and last elements and an FNV-1a hash of all.
  @Test func permutationOfFashionMNISTsSize() {
    let generator = RandomGenerator(seed: 5)
    let order = generator.permutation(count: 60_000)
    #expect(order.prefix(6) == [53411, 765, 31431, 44421, 31202, 28270])
    #expect(order.suffix(3) == [28987, 39300, 13447])
    let hash = order.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    #expect(hash == 0x1b9_fbf6_2630_eb7d)
    #expect(nextUniforms(generator) == [0.8872539401054382, 0.11953467130661011])
  }

  @Test(arguments: [0, 1, 2, 1000]) func insideOutPermutationHoldsEveryElementOnce(_ count: Int) {
    let order = RandomGenerator(seed: 3).insideOutPermutation(count: count)
    #expect(order.sorted() == Array(0..<count))
    #expect(count < 1000 || order != Array(0..<count))
  }
}
