import Autograd
import Collective
import DistTrain
import Synchronization
import Testing

struct BatchMixingTests {
  /// Pictures of 3 × 8 × 6 whose values are all their number, from 1, which is also their class, and the number again.
  private static func data(_ count: Int) -> TensorDataset {
    let numbers = (1...count).map { Float($0) }
    return TensorDataset(
      Tensor(numbers.flatMap { Array(repeating: $0, count: 144) }, shape: [count, 3, 8, 6]),
      Tensor((1...count).map { Int64($0) }, shape: [count]), Tensor(numbers, shape: [count]))
  }

  private let mixUp = BatchMixing(.mixUp(alpha: 0.4), classCount: 11)
  private let cutMix = BatchMixing(.cutMix(alpha: 1), classCount: 11)

  /// A sample of a batch: its number, that of its partner, and the share that stays.
  private struct Mixed: Hashable {
    let own: Int
    let partner: Int
    let share: Double
  }

  /// The samples of a batch by their targets, whose inputs must be mixed alike.
  private static func samples(_ batch: Batch) -> [Mixed] {
    (0..<batch.count).map { row in
      let (targets, values) = (batch.targets[row].array(of: Float.self), batch.inputs[row].array(of: Float.self))
      let own = Int(batch[2].array(of: Float.self)[row])
      let partner = targets.indices.first { $0 != own && targets[$0] > 0 } ?? own
      #expect(abs(targets.reduce(0, +) - 1) < 1e-6)
      #expect(targets.indices.allSatisfy { $0 == own || $0 == partner || targets[$0] == 0 })
      let mean = Double(values.reduce(0, +)) / Double(values.count)
      let share = partner == own ? 1 : Double(targets[own])
      #expect(abs(mean - (share * Double(own) + (1 - share) * Double(partner))) < 1e-4)
      return Mixed(own: own, partner: partner, share: share)
    }
  }

  @Test func `MixUp mixes all of two samples and their classes`() throws {
    var loader = ShardLoader(
      Self.data(10), globalBatch: 10, communicator: LocalCommunicator(), seed: 4, mixing: mixUp)
    let batch = try loader.batch(epoch: 0, step: 0)
    #expect(batch.inputs.shape == [10, 3, 8, 6] && batch.targets.shape == [10, 11])
    let samples = Self.samples(batch)
    let order = SampleOrder.epochOrder(count: 10, seed: 4, epoch: 0).map { $0 + 1 }
    #expect(samples.map(\.own) == order && samples.map(\.partner) == Array(order[5...] + order[..<5]))
    #expect(Set(samples.map(\.share)).count == 1)
    for (row, sample) in samples.enumerated() {
      let share = Float(sample.share)
      let expected = share * Float(sample.own) + (1 - share) * Float(sample.partner)
      #expect(batch.inputs[row].array(of: Float.self).allSatisfy { abs($0 - expected) < 1e-5 })
    }
  }

  @Test func `CutMix takes a rectangle of another picture, and its class in proportion`() throws {
    var loader = ShardLoader(
      Self.data(10), globalBatch: 5, communicator: LocalCommunicator(), seed: 4, mixing: cutMix)
    var (cuts, corners): (Set<Int>, Set<[Int]>) = ([], [])
    for epoch in 0..<60 {
      let batch = try loader.batch(epoch: epoch, step: 1)
      var places: Set<[Int]> = []
      for (row, sample) in Self.samples(batch).enumerated() {
        for channel in 0..<3 {
          let values = batch.inputs[row, channel].array(of: Float.self)
          #expect(values.allSatisfy { $0 == Float(sample.own) || $0 == Float(sample.partner) })
          places.insert(values.indices.filter { values[$0] == Float(sample.partner) })
        }
      }
      // The same place in all of a batch.
      #expect(places.count == 1)
      let place = places.first ?? []
      cuts.insert(place.count)
      if let first = place.first, let last = place.last {
        let (rows, columns) = (first / 6...last / 6, first % 6...last % 6)
        #expect(place.count == rows.count * columns.count)
        corners.formUnion([[rows.lowerBound, columns.lowerBound], [rows.upperBound, columns.upperBound]])
      }
    }
    #expect(cuts.count > 10 && corners.contains([0, 0]) && corners.contains([7, 5]))
  }

  /// The mean of λ is 1/2, and its variance 1 / (4 (2 α + 1)).
  @Test(arguments: [0.2, 1, 5])
  func `shares are those of the beta distribution`(_ alpha: Double) throws {
    var loader = ShardLoader(
      Self.data(2), globalBatch: 2, communicator: LocalCommunicator(), seed: 1,
      mixing: BatchMixing(.mixUp(alpha: alpha), classCount: 3))
    let shares = try (0..<2000).map { epoch in
      let batch = try loader.batch(epoch: epoch, step: 0)
      return Double(batch.targets[0].array(of: Float.self)[Int(batch[2].array(of: Float.self)[0])])
    }
    let mean = shares.reduce(0, +) / 2000
    let variance = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2000
    let expected = 1 / (4 * (2 * alpha + 1))
    #expect(abs(mean - 0.5) < 4 * (expected / 2000).squareRoot())
    #expect(abs(variance / expected - 1) < 0.15)
  }

  @Test func `of several kinds each batch has one`() throws {
    var loader = ShardLoader(
      Self.data(8), globalBatch: 4, communicator: LocalCommunicator(), seed: 1,
      mixing: BatchMixing(.mixUp(alpha: 1), .cutMix(alpha: 1), classCount: 9))
    var mixedUp = 0
    for epoch in 0..<200 {
      let inputs = try loader.batch(epoch: epoch, step: 0).inputs.array(of: Float.self)
      if inputs.contains(where: { $0 != $0.rounded() }) { mixedUp += 1 }
    }
    #expect((70...130).contains(mixedUp))
  }

  /// 10 samples in batches of 4 and a short one of 2, of which some ranks have none or one.
  @Test(arguments: [1, 2, 3, 4, 6], [1, 2])
  func `ranks see together what one process sees`(_ ranks: Int, _ pieces: Int) throws {
    let mixing = BatchMixing(.cutMix(alpha: 1), .mixUp(alpha: 1), classCount: 11)
    let seen = try ThreadCommunicator.run(size: ranks) { communicator in
      var loader = ShardLoader(
        Self.data(10), globalBatch: 4, communicator: communicator, seed: 9, cut: .ranks(pieces: pieces), mixing: mixing)
      return try (0..<6).map { number in
        let (epoch, step) = number.quotientAndRemainder(dividingBy: 3)
        return try (0..<pieces).flatMap { piece in
          let batch = try loader.batch(epoch: epoch, step: step, piece: piece)
          #expect(batch.inputs.shape == [batch.count, 3, 8, 6] && batch.targets.shape == [batch.count, 11])
          return (0..<batch.count).map { row in
            batch.tensors.flatMap { $0[row].array(of: Float.self) }
          }
        }
      }
    }
    var alone = ShardLoader(
      Self.data(10), globalBatch: 4, communicator: LocalCommunicator(), seed: 9, mixing: mixing)
    for number in 0..<6 {
      let (epoch, step) = number.quotientAndRemainder(dividingBy: 3)
      let batch = try alone.batch(epoch: epoch, step: step)
      let expected = (0..<batch.count).map { row in batch.tensors.flatMap { $0[row].array(of: Float.self) } }
      #expect(Set(seen.flatMap { $0[number] }) == Set(expected))
      #expect(seen.map { $0[number].count }.reduce(0, +) == batch.count)
    }
  }

  @Test func `no rank reads more than its own where its share is even`() throws {
    for (ranks, extra) in [(1, 0), (2, 0), (4, 0), (3, 2)] {
      let samples = WatchedPictures(16)
      for rank in 0..<ranks {
        let shards = Shards(sampleCount: 16, globalBatch: 8, rank: rank, worldSize: ranks)
        var loader = ShardLoader(samples, shards: shards, seed: 3, mixing: BatchMixing(.mixUp(alpha: 1), classCount: 1))
        let batch = try loader.batch(epoch: 0, step: 1)
        #expect(samples.readCounts.last.map { $0 - batch.count } == (extra > 0 ? batch.count : 0))
      }
    }
  }

  @Test func `batches depend on the step alone, with prefetch and after an interruption, and epochs are others`() throws
  {
    func loader(prefetch: Int) -> ShardLoader {
      ShardLoader(
        Self.data(10), globalBatch: 4, communicator: LocalCommunicator(), seed: 2, prefetch: prefetch, mixing: cutMix)
    }
    var (ahead, plain, resumed) = (loader(prefetch: 2), loader(prefetch: 0), loader(prefetch: 0))
    var batches: [[Float]] = []
    for epoch in 0..<2 {
      for step in 0..<3 {
        let batch = try plain.batch(epoch: epoch, step: step).inputs.array(of: Float.self)
        #expect(try ahead.batch(epoch: epoch, step: step).inputs.array(of: Float.self) == batch)
        batches.append(batch)
      }
    }
    #expect(try resumed.batch(epoch: 1, step: 1).inputs.array(of: Float.self) == batches[4])
    #expect(Set(batches).count == 6)
  }

  @Test(arguments: [0, 2])
  func `a loader of one process mixes, too`(_ prefetch: Int) throws {
    let loader = DataLoader(Self.data(10), batchSize: 4, prefetch: prefetch, mixing: mixUp)
    let given = DataLoader(Self.data(10), sampler: [9, 3, 4], batchSize: 2, prefetch: prefetch, mixing: mixUp)
    #expect(
      loader.map { Self.samples($0).map { [$0.own, $0.partner] } } == [
        [[1, 3], [2, 4], [3, 1], [4, 2]], [[5, 7], [6, 8], [7, 5], [8, 6]], [[9, 10], [10, 9]],
      ])
    #expect(given.map { Self.samples($0).map { [$0.own, $0.partner] } } == [[[10, 4], [4, 10]], [[5, 5]]])
  }

  @Test func `probabilities and numbers in double precision are mixed as well`() throws {
    let data = TensorDataset(
      Tensor([1.0, 3.0], shape: [2, 1]), Tensor([0.25, 0.75, 1, 0], shape: [2, 2]).cast(to: .float32))
    let mixing = BatchMixing(.mixUp(alpha: 2), classCount: 2)
    let batch = try #require(DataLoader(data, batchSize: 2, mixing: mixing).map(\.self).first)
    let values = batch.inputs.array(of: Double.self)
    let share = (3 - values[0]) / 2
    #expect(batch.inputs.dtype == .float64 && batch.targets.dtype == .float64 && abs(values[0] + values[1] - 4) < 1e-12)
    let expected = [0.25 * share + 1 - share, 0.75 * share]
    #expect(zip(batch.targets[0].array(of: Double.self), expected).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func `what cannot be mixed traps`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = BatchMixing(.mixUp(alpha: 0.2), .cutMix(alpha: 0), classCount: 2)
      }, says: "batches mixed with an alpha of 0.0, expected a number above 0")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = BatchMixing(classCount: 2)
      }, says: "batches mixed in 0 ways, of 2 classes")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let mixing = BatchMixing(.cutMix(alpha: 1), classCount: 2)
        _ = DataLoader(TensorDataset(Tensor.ones([2, 3]), Tensor([0, 1])), mixing: mixing).map(\.count)
      }, says: "CutMix of [1, 3], expected pictures [n, channels, height, width]")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let mixing = BatchMixing(.mixUp(alpha: 1), classCount: 2)
        _ = DataLoader(TensorDataset(Tensor.ones([2, 3]), Tensor.ones([2, 3])), mixing: mixing).map(\.count)
      }, says: "targets [1, 3] of float32 to mix, expected class labels [n] or probabilities [n, 2]")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let mixing = BatchMixing(.mixUp(alpha: 1), classCount: 2)
        _ = DataLoader(TensorDataset(Tensor.ones([2, 3]), Tensor([0, 2])), mixing: mixing).map(\.count)
      }, says: "oneHot: 2 is none of 2 classes")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let mixing = BatchMixing(.mixUp(alpha: 1), classCount: 2)
        _ = DataLoader(TensorDataset(Tensor([0, 1]), Tensor([0, 1])), mixing: mixing).map(\.count)
      }, says: "a batch of 2 tensors to mix, the first of int64, expected floating-point inputs and their targets")
  }
}

/// Black pixels of class 0 that record how many of them are read at once.
private final class WatchedPictures: Dataset {
  let count: Int
  private let counts = Mutex<[Int]>([])

  init(_ count: Int) { self.count = count }

  var readCounts: [Int] { counts.withLock { $0 } }

  func batch(_ indices: [Int]) -> Batch {
    counts.withLock { $0.append(indices.count) }
    return Batch(
      inputs: Tensor.zeros([indices.count, 1, 1, 1]),
      targets: Tensor(indices.map { _ in Int64(0) }, shape: [indices.count]))
  }
}
