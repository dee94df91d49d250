import Autograd
import Collective
import DistTrain
import Testing

struct SamplerTests {
  static let weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6, 0, 2.5]

  /// The odd samples of 23, backwards, and the first one once more.
  private struct Odd: Sampler {
    let count = 12
    func samples(seed: UInt64, epoch: Int) -> [Int] { (0..<11).map { 21 - 2 * $0 } + [epoch] }
  }

  /// `WeightedRandomSampler(weights, n, replacement, generator=g)` with `g.manual_seed(9 + epoch)`.
  @Test func `draws by weight are PyTorch's`() {
    let again = WeightedSampler(Self.weights, count: 20)
    #expect(again.samples(seed: 9, epoch: 0) == [3, 7, 4, 1, 1, 4, 1, 1, 2, 4, 4, 4, 4, 4, 7, 0, 1, 7, 7, 4])
    #expect(again.samples(seed: 9, epoch: 1) == [5, 4, 7, 4, 7, 4, 5, 4, 4, 7, 4, 4, 1, 7, 3, 4, 2, 7, 4, 4])
    let once = WeightedSampler(Self.weights, count: 7, replacement: false)
    #expect(once.samples(seed: 9, epoch: 0) == [4, 7, 3, 2, 5, 1, 0])
    #expect(once.samples(seed: 9, epoch: 1) == [7, 1, 5, 4, 3, 2, 0])
  }

  @Test(arguments: 1...4, [0, 2])
  func `ranks together take what the sampler names, batch by batch`(_ ranks: Int, _ prefetch: Int) throws {
    for (sampler, size) in [(WeightedSampler(Self.weights, count: 20) as any Sampler, 8), (Odd(), 23)] {
      let taken = try ThreadCommunicator.run(size: ranks) { communicator in
        var loader = ShardLoader(
          numbered(size), sampler: sampler, globalBatch: 7, communicator: communicator, seed: 9, prefetch: prefetch)
        return try (0..<2).map { epoch in
          try (0..<loader.shards.stepsPerEpoch).map { try loader.batch(epoch: epoch, step: $0).numbers }
        }
      }
      for epoch in 0..<2 {
        let wanted = sampler.samples(seed: 9, epoch: epoch)
        for (step, start) in stride(from: 0, to: sampler.count, by: 7).enumerated() {
          let batch = Array(wanted[start..<min(start + 7, sampler.count)])
          #expect(batch.indices.map { taken[$0 % ranks][epoch][step][$0 / ranks] } == batch)
        }
      }
    }
  }

  @Test func `a batch in the middle of an epoch is the same whatever was asked before`() throws {
    let sampler = WeightedSampler(Self.weights, count: 20)
    func loader() -> ShardLoader {
      ShardLoader(numbered(8), sampler: sampler, globalBatch: 6, communicator: LocalCommunicator(), seed: 9)
    }
    var (straight, resumed) = (loader(), loader())
    let batches = try (0..<2).flatMap { epoch in
      try (0..<4).map { try straight.batch(epoch: epoch, step: $0).numbers }
    }
    #expect(batches[7].count == 2)
    for step in [2, 3] { #expect(try resumed.batch(epoch: 1, step: step).numbers == batches[4 + step]) }
  }

  private struct Wrong: Sampler {
    let count: Int
    let numbers: [Int]
    func samples(seed: UInt64, epoch: Int) -> [Int] { numbers }
  }

  @Test func `samplers that cannot be trap`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = WeightedSampler([1, -1], count: 2)
      }, says: "a sampler in which sample 1 has the weight -1")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = WeightedSampler([0, 0], count: 2)
      }, says: "a sampler of 2 draws by 0 weights that are not 0")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = WeightedSampler([1, 0], count: 2, replacement: false)
      }, says: "a sampler of 2 draws without replacement by 1 weights that are not 0")
    let stranger = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let communicator = LocalCommunicator()
      var loader = ShardLoader(
        numbered(3), sampler: Wrong(count: 2, numbers: [0, 3]), globalBatch: 2, communicator: communicator, seed: 0)
      _ = try loader.batch(epoch: 0, step: 0)
    }
    expect(stranger, says: "a sampler gave the sample 3 of 3 in epoch 0")
    let tooFew = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let communicator = LocalCommunicator()
      var loader = ShardLoader(
        numbered(3), sampler: Wrong(count: 2, numbers: [0]), globalBatch: 2, communicator: communicator, seed: 0)
      _ = try loader.batch(epoch: 0, step: 0)
    }
    expect(tooFew, says: "a sampler of 2 samples gave 1 in epoch 0")
  }
}
