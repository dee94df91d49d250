import DistTrain
import Foundation
import Testing

struct ShardsTests {
  struct Fixture: Decodable {
    struct Case: Decodable {
      struct Shard: Decodable {
        let epoch: Int
        let rank: Int
        let indices: [Int]
      }
      let seed: UInt64?
      let call: String
      let world: Int?
      let shards: [Shard]?
    }
    let cases: [Case]
  }

  @Test func agreesWithDistributedSampler() throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture("random.json")))
    let cases = try JSONDecoder().decode(Fixture.self, from: data).cases.filter {
      $0.call == "DistributedSampler(13, drop_last=True)"
    }
    var compared = 0
    for wide in cases where wide.world != 1 {
      let world = try #require(wide.world)
      let whole = try #require(cases.first { $0.world == 1 && $0.seed == wide.seed }?.shards)
      for shard in try #require(wide.shards) {
        let order = try #require(whole.first { $0.epoch == shard.epoch }).indices
        for globalBatch in [world, 4] {
          let shards = Shards(
            sampleCount: 13, globalBatch: globalBatch, rank: shard.rank, worldSize: world, dropLast: true)
          let taken = (0..<shards.stepsPerEpoch).flatMap { shards.samples(step: $0, order: order) }
          #expect(taken == Array(shard.indices.prefix(taken.count)))
          #expect(taken.count == 13 / globalBatch * globalBatch / world)
          compared += 1
        }
      }
    }
    #expect(compared >= 24)
  }

  @Test(arguments: [1, 2, 4], [1, 5, 16, 22])
  func logicalShardsAreTheSameOnAnyNumberOfRanks(_ worldSize: Int, _ globalBatch: Int) {
    func parts(_ worldSize: Int) -> [[Int]] {
      let ranks = (0..<worldSize).map {
        Shards(sampleCount: 37, globalBatch: globalBatch, rank: $0, worldSize: worldSize, cut: .logicalShards(8))
      }
      return (0..<ranks[0].stepsPerEpoch).flatMap { step in
        ranks.flatMap { rank in (0..<rank.pieceCount).map { Array(rank.positions(step: step, piece: $0)) } }
      }
    }
    #expect(parts(worldSize) == parts(1))
    #expect(parts(1).count == (37 + globalBatch - 1) / globalBatch * 8)
    #expect(parts(1).flatMap { $0 }.sorted() == Array(0..<37))
  }

  @Test(arguments: 1...3, 1...4)
  func piecesAreTheSamplesOfTheRank(_ worldSize: Int, _ pieces: Int) {
    for rank in 0..<worldSize {
      let whole = Shards(sampleCount: 37, globalBatch: 16, rank: rank, worldSize: worldSize)
      let cut = Shards(
        sampleCount: 37, globalBatch: 16, rank: rank, worldSize: worldSize, cut: .ranks(pieces: pieces))
      for step in 0..<whole.stepsPerEpoch {
        let taken = (0..<pieces).flatMap { Array(cut.positions(step: step, piece: $0)) }
        #expect(taken.sorted() == Array(whole.positions(step: step)))
      }
    }
  }

  @Test func everySampleIsTakenOnceOverAllRanks() {
    for sampleCount in [0, 1, 5, 13, 64] {
      let order = (0..<sampleCount).map { ($0 * 7 + 3) % max(sampleCount, 1) }
      for globalBatch in [1, 3, 4, 64, 100] {
        for worldSize in [1, 2, 3, 5] {
          var taken: [Int] = []
          for rank in 0..<worldSize {
            let shards = Shards(
              sampleCount: sampleCount, globalBatch: globalBatch, rank: rank, worldSize: worldSize)
            for step in 0..<shards.stepsPerEpoch { taken += shards.samples(step: step, order: order) }
          }
          #expect(taken.sorted() == Array(0..<sampleCount))
        }
      }
    }
  }

  @Test func countsSteps() {
    #expect(Shards(sampleCount: 13, globalBatch: 4).stepsPerEpoch == 4)
    #expect(Shards(sampleCount: 13, globalBatch: 4, dropLast: true).stepsPerEpoch == 3)
    #expect(Shards(sampleCount: 12, globalBatch: 4).stepsPerEpoch == 3)
    #expect(Shards(sampleCount: 0, globalBatch: 4).stepsPerEpoch == 0)
    #expect(Shards(sampleCount: 13, globalBatch: 4).globalCount(step: 3) == 1)
  }

  @Test func aRankWhoseTurnDoesNotComeHasAnEmptyShard() {
    let last = Shards(sampleCount: 9, globalBatch: 4, rank: 1, worldSize: 2)
    #expect(last.samples(step: 2, order: 0..<9) == [])
    #expect(last.samples(step: 1, order: 0..<9) == [5, 7])
    #expect(Shards(sampleCount: 9, globalBatch: 2, rank: 3, worldSize: 4).samples(step: 0, order: 0..<9) == [])
  }

  @Test func aStepThatIsNotThereTraps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Shards(sampleCount: 13, globalBatch: 4).samples(step: 4, order: 0..<13)
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("step 4 of 4 in an epoch"), "\(message.prefix(400))")
  }
}
