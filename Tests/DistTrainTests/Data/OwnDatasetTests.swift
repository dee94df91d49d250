import Autograd
import DistTrain
import Testing

/// The data set of one's own in docs/data.md.
private struct Sine: Dataset {
  let count = 1000

  func batch(_ indices: [Int]) -> Batch {
    let x = Tensor(indices.map { Float($0) / 100 }, shape: [indices.count, 1])
    return Batch(inputs: x, targets: x.sin())
  }
}

struct OwnDatasetTests {
  @Test func isLoadedSplitAndSharded() throws {
    let batches = Array(DataLoader(Sine(), batchSize: 300))
    #expect(batches.map(\.count) == [300, 300, 300, 100])
    #expect(batches[3].inputs.array(of: Float.self).first == 9)
    let parts = Sine().randomSplit(fractions: [0.75, 0.25], generator: RandomGenerator(seed: 1))
    #expect(parts.map(\.count) == [750, 250])
    #expect(parts[1].indices.allSatisfy { !parts[0].indices.contains($0) })
    let shards = Shards(sampleCount: 1000, globalBatch: 3, rank: 2, worldSize: 4)
    var loader = ShardLoader(Sine(), shards: shards, seed: 0, prefetch: 1)
    #expect(try loader.batch(epoch: 0, step: 0).inputs.shape == [1, 1])
    #expect(try loader.batch(epoch: 0, step: 333).targets.shape == [0, 1])
  }
}
