import Autograd
import DistTrain
import Testing

struct ShardPrefetchTests {
  private func loader(_ data: any Dataset, rank: Int = 0, of ranks: Int = 1, prefetch: Int) -> ShardLoader {
    let shards = Shards(sampleCount: data.count, globalBatch: 6, rank: rank, worldSize: ranks)
    return ShardLoader(data, shards: shards, seed: 9, prefetch: prefetch)
  }

  @Test(arguments: 1...4)
  func givesTheSameBatches(prefetch: Int) throws {
    for (rank, ranks) in [(0, 1), (1, 2), (6, 7)] {
      var plain = loader(numbered(23), rank: rank, of: ranks, prefetch: 0)
      var ahead = loader(numbered(23), rank: rank, of: ranks, prefetch: prefetch)
      for epoch in 0..<3 {
        for step in 0..<4 {
          let expected = try plain.batch(epoch: epoch, step: step).numbers
          #expect(try ahead.batch(epoch: epoch, step: step).numbers == expected)
        }
      }
    }
  }

  @Test func followsJumpsAndCopies() throws {
    var plain = loader(numbered(23), prefetch: 0)
    var ahead = loader(numbered(23), prefetch: 2)
    for (epoch, step) in [(0, 2), (0, 3), (0, 3), (5, 0), (5, 1), (0, 0), (0, 1), (0, 2)] {
      #expect(try ahead.batch(epoch: epoch, step: step).numbers == plain.batch(epoch: epoch, step: step).numbers)
    }
    var copy = ahead
    for step in [3, 3] {
      let expected = try plain.batch(epoch: 0, step: step).numbers
      #expect(try ahead.batch(epoch: 0, step: step).numbers == expected)
      #expect(try copy.batch(epoch: 0, step: step).numbers == expected)
    }
  }

  @Test(arguments: [0, 2])
  func throwsAtTheStepThatFailed(prefetch: Int) throws {
    let order = SampleOrder.epochOrder(count: 23, seed: 9, epoch: 0)
    var batches = loader(WatchedSamples(23, unreadable: order[13]), prefetch: prefetch)
    for step in 0..<2 { #expect(try batches.batch(epoch: 0, step: step).count == 6) }
    for _ in 0..<2 {
      #expect(throws: UnreadableSample(index: order[13])) { try batches.batch(epoch: 0, step: 2) }
    }
    #expect(try batches.batch(epoch: 0, step: 3).numbers == Array(order[18...]))
  }

  @Test func endsItsThread() throws {
    weak var watched: WatchedSamples?
    do {
      let data = WatchedSamples(23)
      watched = data
      var batches = loader(data, prefetch: 2)
      #expect(try batches.batch(epoch: 0, step: 0).count == 6)
    }
    #expect(watched == nil)
  }
}
