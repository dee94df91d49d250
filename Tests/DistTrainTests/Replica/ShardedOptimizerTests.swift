import Autograd
import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

struct ShardedOptimizerTests {
  /// What a rank ends with after some steps.
  struct Ended: Equatable, Sendable {
    var losses: [Double] = []
    var weights: [UInt8] = []
    var stateByteCount = 0
  }

  /// Trains with an optimizer's rule on ranks that are threads, with buckets so small that there are several.
  private func train<Rule: UpdateRule>(
    _ rule: Rule, ranks: Int, shards: Bool, inWindow: Bool, precision: DataType = .float32
  ) throws -> [Ended] {
    let run = SmallRun(precision: precision)
    return try ThreadCommunicator.run(size: ranks) { threads in
      let communicator = inWindow ? try threads.sharingMemory { Issue.record("\($0)") } : threads
      let replica = try Replica(
        run.model(rank: 0), rule, communicator: communicator, buckets: .sizes(BucketSizes(first: 64, others: 64)),
        shardsOptimizer: shards)
      var loader = run.loader(communicator)
      var ended = Ended()
      for step in 0..<run.steps {
        let (epoch, position) = step.quotientAndRemainder(dividingBy: loader.shards.stepsPerEpoch)
        ended.losses.append(try replica.step(loader.batch(epoch: epoch, step: position)).loss)
        try replica.verify()
      }
      ended.weights = replica.weights
      ended.stateByteCount = replica.optimizerByteCount
      return ended
    }
  }

  private func expectSame<Rule: UpdateRule>(_ rule: Rule, ranks: Int, arrays: Int) throws {
    for inWindow in [false, true] {
      for precision in [DataType.float32, .float64] {
        let whole = try train(rule, ranks: ranks, shards: false, inWindow: inWindow, precision: precision)
        let sharded = try train(rule, ranks: ranks, shards: true, inWindow: inWindow, precision: precision)
        #expect(sharded.map(\.losses) == whole.map(\.losses))
        #expect(sharded.map(\.weights) == whole.map(\.weights))
        // 30 + 5 + 15 + 3 parameters on 64-byte borders; the numbers of updates are 8 bytes a part.
        let granule = 64 / precision.byteCount
        let elements = [30, 5, 15, 3].reduce(0) { $0 + ($1 + granule - 1) / granule * granule }
        #expect(whole.allSatisfy { $0.stateByteCount == 8 + arrays * elements * precision.byteCount })
        let parts = sharded.map(\.stateByteCount)
        let buckets = (parts.reduce(0, +) - arrays * elements * precision.byteCount) / 8 / ranks
        #expect(buckets >= 1 && parts.reduce(0, +) == arrays * elements * precision.byteCount + 8 * buckets * ranks)
        let largest = elements / ranks + buckets
        #expect(parts.allSatisfy { $0 <= 8 * buckets + arrays * largest * precision.byteCount })
      }
    }
  }

  @Test(arguments: 2...4)
  func `stochastic gradient descent gives the same bits from a part of the state`(_ ranks: Int) throws {
    try expectSame(SGD.Options(learningRate: 0.3, momentum: 0.9, weightDecay: 0.01), ranks: ranks, arrays: 1)
    try expectSame(SGD.Options(learningRate: 0.3, momentum: 0.9, nesterov: true), ranks: ranks, arrays: 1)
    try expectSame(SGD.Options(learningRate: 0.3), ranks: ranks, arrays: 0)
  }

  @Test(arguments: 2...4)
  func `adaptive optimizers give the same bits from a part of the state`(_ ranks: Int) throws {
    try expectSame(Adam.Options(learningRate: 0.02), ranks: ranks, arrays: 2)
    try expectSame(AdamW.Options(learningRate: 0.02), ranks: ranks, arrays: 2)
    try expectSame(NAdam.Options(learningRate: 0.02), ranks: ranks, arrays: 2)
    try expectSame(RAdam.Options(learningRate: 0.02), ranks: ranks, arrays: 2)
    try expectSame(RMSprop.Options(learningRate: 0.01, momentum: 0.5), ranks: ranks, arrays: 2)
    try expectSame(Adagrad.Options(learningRate: 0.05, initialState: 0.1), ranks: ranks, arrays: 1)
    try expectSame(Adadelta.Options(weightDecay: 0.01), ranks: ranks, arrays: 2)
  }

  @Test func `one rank has all of it`() throws {
    let rule = SGD.Options(learningRate: 0.3, momentum: 0.9)
    let whole = try train(rule, ranks: 1, shards: false, inWindow: false)
    #expect(try train(rule, ranks: 1, shards: true, inWindow: false) == whole)
  }

  @Test func `a loss that is not finite changes nothing`() throws {
    let run = SmallRun()
    let found = try ThreadCommunicator.run(size: 3) { communicator in
      let replica = try Replica(
        run.model(rank: 0), SmallRun.options, communicator: communicator, shardsOptimizer: true)
      var loader = run.loader(communicator)
      let before = replica.weights
      let error = #expect(throws: NonfiniteLoss.self) {
        try replica.step(loader.batch(epoch: 0, step: 0)) { crossEntropy($0, $1, reduction: .sum) * Double.nan }
      }
      return error?.rank == 0 && replica.weights == before
    }
    #expect(found == [true, true, true])
  }

  /// A job with one more option.
  private func job(sharded: Bool) throws -> SmallJob {
    var job = try SmallJob()
    job.configuration.shardOptimizer = sharded
    return job
  }

  @Test(arguments: 2...4)
  func `checkpoint and model are those of a run that is not sharded`(_ ranks: Int) throws {
    let (whole, sharded) = (try job(sharded: false), try job(sharded: true))
    let expected = try whole.run(ranks: ranks)
    #expect(try sharded.run(ranks: ranks).map(\.weights) == expected.map(\.weights))
    #expect(try contents(sharded.directory.checkpoint) == contents(whole.directory.checkpoint))
    #expect(try contents(sharded.directory.model) == contents(whole.directory.model))
    #expect(try sharded.losses() == whole.losses())
  }

  @Test(arguments: [1, 2, 4])
  func `a run of logical shards keeps its bits`(_ ranks: Int) throws {
    var (whole, sharded) = (try job(sharded: false), try job(sharded: true))
    whole.configuration.reproducible = 4
    sharded.configuration.reproducible = 4
    let expected = try whole.run(ranks: 1).map(\.weights)
    #expect(expected.count == 1 && expected[0] != nil)
    #expect(try sharded.run(ranks: ranks).map(\.weights) == Array(repeating: expected[0], count: ranks))
  }

  @Test(arguments: [true, false], [true, false])
  func `a run goes on with another way of keeping the state`(_ before: Bool, _ after: Bool) throws {
    let whole = try job(sharded: false)
    let expected = try whole.run(ranks: 2)
    var interrupted = try job(sharded: before)
    #expect(try interrupted.run(ranks: 2, steps: 8).allSatisfy { $0.error == nil })
    interrupted.configuration.shardOptimizer = after
    #expect(try interrupted.run(ranks: 2, resume: true).map(\.weights) == expected.map(\.weights))
  }

  @Test(arguments: [(1, 3), (3, 1), (2, 4), (4, 3)])
  func `a run goes on with another number of ranks`(_ before: Int, _ after: Int) throws {
    let whole = try job(sharded: false)
    #expect(try whole.run(ranks: 1).allSatisfy { $0.error == nil })
    let interrupted = try job(sharded: true)
    #expect(try interrupted.run(ranks: before, steps: 8).allSatisfy { $0.error == nil })
    #expect(try interrupted.run(ranks: after, resume: true).allSatisfy { $0.error == nil })
    #expect(largestDifference(try interrupted.losses(), try whole.losses()) < 1e-12)
  }
}
