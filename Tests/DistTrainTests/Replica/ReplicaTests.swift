import Autograd
import Collective
import DistTrain
import Testing

struct ReplicaTests {
  @Test(arguments: 1...4)
  func `the losses are those of one process that takes whole batches`(_ ranks: Int) throws {
    let run = SmallRun()
    let reference = try run.reference()
    #expect(reference.first != reference.last)
    for outcome in try run.outcomes(ranks: ranks) {
      #expect(largestDifference(outcome.losses, reference) < 1e-12)
      #expect(outcome.counts == [8, 8, 6, 8, 8, 6, 8, 8, 6])
    }
  }

  @Test(arguments: 1...4)
  func `single precision differs by rounding only`(_ ranks: Int) throws {
    let reference = try SmallRun().reference()
    for outcome in try SmallRun(precision: .float32).outcomes(ranks: ranks) {
      #expect(largestDifference(outcome.losses, reference) < 2e-6)
    }
  }

  @Test func `ranks without samples take part`() throws {
    let run = SmallRun(sampleCount: 7, globalBatch: 2)
    for outcome in try run.outcomes(ranks: 4) {
      #expect(largestDifference(outcome.losses, try run.reference()) < 1e-12)
      #expect(outcome.counts == [2, 2, 2, 1, 2, 2, 2, 1, 2])
    }
  }

  @Test(arguments: 2...4, [DataType.float32, .float64])
  func `all ranks hold the same bits`(_ ranks: Int, _ precision: DataType) throws {
    let outcomes = try SmallRun(precision: precision).outcomes(ranks: ranks)
    #expect(Set(outcomes.map(\.weights)).count == 1)
    #expect(outcomes.allSatisfy { $0 == outcomes[0] })
  }

  @Test(arguments: 2...3)
  func `all ranks start from the parameters of rank 0`(_ ranks: Int) throws {
    let differing = try SmallRun(seed: { UInt64(3 + $0) }).outcomes(ranks: ranks)
    #expect(differing == (try SmallRun().outcomes(ranks: ranks)))
    #expect(differing != (try SmallRun(seed: { _ in 4 }).outcomes(ranks: ranks)))
  }

  @Test(arguments: 0..<3)
  func `a loss that is not finite names its rank and changes nothing`(_ failing: Int) throws {
    let run = SmallRun()
    let found = try ThreadCommunicator.run(size: 3) { communicator in
      let replica = try Replica(run.model(rank: 0), SmallRun.options, communicator: communicator)
      var loader = run.loader(communicator)
      _ = try replica.step(loader.batch(epoch: 0, step: 0))
      let before = replica.weights
      let scale = communicator.rank >= failing ? Double.nan : 1
      let error = #expect(throws: NonfiniteLoss.self) {
        try replica.step(loader.batch(epoch: 0, step: 1)) { crossEntropy($0, $1, reduction: .sum) * scale }
      }
      #expect(replica.weights == before)
      // The optimizer's state is as it was, too.
      _ = try replica.step(loader.batch(epoch: 0, step: 1))
      return (error, replica.weights)
    }
    #expect(found.map(\.0?.rank) == [failing, failing, failing])
    let undisturbed = try SmallRun(steps: 2).outcomes(ranks: 3)
    #expect(found.map(\.1) == undisturbed.map(\.weights))
  }

  /// The factors that went before, which are of no use any more, are not.
  @Test func `after a loss that is not finite, compression begins anew`() throws {
    let weights = try ThreadCommunicator.run(size: 2) { communicator in
      try [false, true].map { isDisturbed in
        manualSeed(3)
        let model = Sequential(Linear(40, 30), Sigmoid(), Linear(30, 3))
        let replica = try Replica(
          model, SmallRun.options, communicator: communicator, compression: .powerSGD(rank: 2))
        func batch(_ step: Int) -> Batch {
          let generator = RandomGenerator(seed: UInt64(10 * step + communicator.rank))
          return Batch(inputs: .rand([4, 40], generator: generator), targets: Tensor([0, 1, 2, 1]))
        }
        if isDisturbed {
          #expect(throws: NonfiniteLoss.self) {
            try replica.step(batch(0)) { crossEntropy($0, $1, reduction: .sum) * .nan }
          }
        }
        for step in 1..<5 { _ = try replica.step(batch(step)) }
        return replica.weights
      }
    }
    #expect(weights.allSatisfy { $0[0] == $0[1] })
  }

  @Test func `a sum that overflows is no single rank's fault`() throws {
    let run = SmallRun(precision: .float32)
    let errors = try ThreadCommunicator.run(size: 2) { communicator in
      let replica = try Replica(run.model(rank: 0), SmallRun.options, communicator: communicator)
      var loader = run.loader(communicator)
      return #expect(throws: NonfiniteLoss.self) {
        try replica.step(loader.batch(epoch: 0, step: 0)) { crossEntropy($0, $1, reduction: .sum) * 0 + 3e38 }
      }
    }
    #expect(errors.count == 2 && errors.allSatisfy { $0 != nil && $0?.rank == nil })
  }

  @Test func `on request, training goes on after a loss that is not finite`() throws {
    let run = SmallRun()
    let losses = try ThreadCommunicator.run(size: 2) { communicator in
      let replica = try Replica(
        run.model(rank: 0), SmallRun.options, communicator: communicator, allowsNonfinite: true)
      var loader = run.loader(communicator)
      return try replica.step(loader.batch(epoch: 0, step: 0)) { crossEntropy($0, $1, reduction: .sum) * .infinity }
        .loss
    }
    #expect(losses == [.infinity, .infinity])
  }

  @Test func `a parameter that differs is found, with its rank`() throws {
    let run = SmallRun()
    let errors = try ThreadCommunicator.run(size: 3) { communicator in
      let replica = try Replica(run.model(rank: 0), SmallRun.options, communicator: communicator)
      try replica.verify()
      // The least bit of the last element, as a fault of memory would change it.
      if communicator.rank > 0 {
        let index = communicator.rank == 1 ? 3 : 2
        replica.arena.parameters[index].parameter.withMutableBytes { $0[$0.count - 8] ^= 1 }
      }
      return #expect(throws: ReplicaMismatch.self) { try replica.verify() }
    }
    let expected = ReplicaMismatch.parameter(index: 2, name: "0.bias", rank: 2)
    #expect(errors == [expected, expected, expected])
  }

  @Test(arguments: 0..<4)
  func `every parameter is compared`(_ index: Int) throws {
    let run = SmallRun()
    let errors = try ThreadCommunicator.run(size: 2) { communicator in
      let replica = try Replica(run.model(rank: 0), SmallRun.options, communicator: communicator)
      if communicator.rank == 1 { replica.arena.parameters[index].parameter.withMutableBytes { $0[0] ^= 1 } }
      let error = #expect(throws: ReplicaMismatch.self) { try replica.verify() }
      return error == .parameter(index: index, name: replica.arena.parameters[index].name, rank: 1)
    }
    #expect(errors == [true, true])
  }

  @Test func `models that differ are refused`() throws {
    let errors = try ThreadCommunicator.run(size: 3) { communicator in
      let model = Sequential(Linear(6, 5), Linear(5, communicator.rank == 2 ? 4 : 3))
      return #expect(throws: TextMismatch.self) {
        try Replica(model, SmallRun.options, communicator: communicator)
      }
    }
    #expect(errors.count == 3)
    for error in errors {
      #expect(
        error?.description
          == "the replica differs on rank 2: parameter 1.weight is float32 [4, 5], but float32 [3, 5] on rank 0")
    }
  }
}
