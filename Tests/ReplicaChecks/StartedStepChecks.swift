import Autograd
import Collective
import DistTrain
import Foundation

extension ReplicaCheck {
  /// Steps that nobody waits for, where GPUs add up gradients themselves.
  static let startedSteps = [
    ReplicaCheck("started steps: computed, recorded and repeated ones are those of one process") { communicator in
      let model = SmallProblem.perceptron()
      let whole = WholeProcess(SmallProblem.perceptron())
      let replica = try SmallProblem.replica(model, communicator, recordsSteps: true)
      try require(
        replica.gradientSums?.hasPrefix("by NCCL") ?? false == hasOwnGPU(communicator),
        "gradients are added up \(replica.gradientSums ?? "by nobody")")
      var started: [StartedStep] = []
      var expected: [Double] = []
      for step in 0..<12 {
        func part(_ rank: Int) -> [Int] {
          let start = step * 40 + rank * 3
          // One rank has a short batch twice, another none once: neither is what others could record or repeat.
          if (step == 0 || step == 6) && rank == 0 { return [start] }
          return step == 8 && rank == communicator.size - 1 && rank > 0 ? [] : Array(start..<start + 3)
        }
        let own = part(communicator.rank)
        started.append(try replica.start(own.isEmpty ? nil : SmallProblem.batch(own)))
        expected.append(try whole.step(SmallProblem.batch((0..<communicator.size).flatMap(part))))
      }
      let runsAhead = communicator.size == 1 || hasOwnGPU(communicator)
      try require(started.last?.isOver == !runsAhead, "the last step is over: \(!runsAhead) was expected")
      try requireClose(try started.map { try $0.outcome().loss }, expected, "the losses")
      try requireClose(replica.model, whole.model)
      try replica.verify()
    },
    ReplicaCheck("started steps: none is made after a loss that is not finite, which is told of its rank") {
      communicator in
      // Before anything is recorded, and when it is repeated.
      for good in [1, 5] {
        let disturbed = try SmallProblem.replica(SmallProblem.perceptron(), communicator, recordsSteps: true)
        let plain = try SmallProblem.replica(SmallProblem.perceptron(), communicator, recordsSteps: true)
        func batch(_ step: Int) -> Batch {
          let start = step * 40 + communicator.rank * 3
          return SmallProblem.batch(start..<start + 3)
        }
        for step in 0..<good {
          for replica in [disturbed, plain] { _ = try replica.step(batch(step)) }
        }
        let failing = communicator.size - 1
        var broken = batch(good)
        if communicator.rank == failing {
          broken = Batch(inputs: .full([3, 6], .nan, dtype: .float64), targets: broken.targets)
        }
        do {
          let first = try disturbed.start(broken)
          if good == 5 && !first.isOver {
            // Whoever goes back is told on all ranks, before anything is read.
            try disturbed.resume(from: "/nowhere")
          } else {
            _ = try disturbed.start(batch(good))
          }
          try require(false, "a step was made")
        } catch let error as NonfiniteLoss {
          try require(error == NonfiniteLoss(rank: failing, step: good + 1), "\(error)")
        }
        for step in good..<good + 4 {
          let (a, b) = (try disturbed.step(batch(step)).loss, try plain.step(batch(step)).loss)
          try require(a == b, "step \(step): \(a), expected \(b)")
        }
        try requireClose(disturbed.model, plain.model, within: 0)
      }
    },
    ReplicaCheck("started steps: while buckets are measured a step is over on return") { communicator in
      func train(_ buckets: BucketChoice) throws -> Replica {
        let model = SmallProblem.model {
          Sequential(Linear(6, 100), Sigmoid(), Linear(100, 100), Sigmoid(), Linear(100, 3))
        }
        let replica = try SmallProblem.replica(model, communicator, buckets: buckets, recordsSteps: true)
        for step in 0..<BucketTuning.warmUpCount + 3 * BucketTuning.roundCount + 6 {
          let isMeasuring = replica.isTuningBuckets
          let start = step * 40 + communicator.rank * 2
          let started = try replica.start(SmallProblem.batch(start..<start + 2))
          let isOver = isMeasuring || communicator.size > 1 && !hasOwnGPU(communicator)
          try require(started.isOver == isOver, "step \(step) is over: \(isOver) was expected")
          _ = try started.outcome()
        }
        try require(!replica.isTuningBuckets, "sizes are chosen")
        return replica
      }
      try requireClose(train(.measured).model, train(.sizes(.standard)).model)
    },
    ReplicaCheck("started steps: with a part of the optimizer's state GPUs make the same bits, and nobody waits") {
      communicator in
      // As they come, recorded, and clipped.
      for (recordsSteps, limit) in [(false, nil), (true, nil), (true, 0.5)] {
        func replica(shardsOptimizer: Bool) throws -> Replica {
          try SmallProblem.replica(
            SmallProblem.perceptron(), communicator, gradientNormLimit: limit, shardsOptimizer: shardsOptimizer,
            recordsSteps: recordsSteps)
        }
        let (whole, sharded) = (try replica(shardsOptimizer: false), try replica(shardsOptimizer: true))
        var last: StartedStep?
        for step in 0..<8 {
          let start = step * 40 + communicator.rank * 3
          let batch = SmallProblem.batch(start..<start + 3)
          _ = try whole.step(batch)
          last = try sharded.start(batch)
        }
        let runsAhead = communicator.size == 1 || hasOwnGPU(communicator)
        try require(last?.isOver == !runsAhead, "the last step is over: \(!runsAhead) was expected")
        _ = try last?.outcome()
        // In the processor's memory the norm is that of the ranks' parts, added up.
        try requireClose(sharded.model, whole.model, within: limit != nil && !runsAhead ? 1e-12 : 0)
        try sharded.verify()
        let (part, all) = (sharded.optimizerByteCount, whole.optimizerByteCount)
        try require(communicator.size == 1 ? part == all : part < all * 2 / 3, "\(part) bytes of \(all)")
      }
    },
  ]

  /// Makes started steps, of which rank 0 throws in the tenth while the others go on.
  public static func failAmongStartedSteps(_ communicator: any Communicator) throws {
    struct Failure: Error, CustomStringConvertible { let description = "no space left, say" }
    try makeStartedSteps(communicator) { if communicator.rank == 0 { throw Failure() } }
  }

  /// Makes started steps, of which rank 0 is late with the eleventh.
  public static func beLateAmongStartedSteps(_ communicator: any Communicator) throws {
    try makeStartedSteps(communicator) { if communicator.rank == 0 { sleep(12) } }
  }

  /// Makes steps, in the second of which rank 0 is late with its gradients.
  public static func beLateWithinAStep(_ communicator: any Communicator) throws {
    let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
    for step in 0..<3 {
      let start = step * 40 + communicator.rank * 3
      _ = try replica.step(
        SmallProblem.batch(start..<start + 3),
        loss: { output, targets in
          if step == 1 && communicator.rank == 0 { sleep(12) }
          return crossEntropy(output, targets, reduction: .sum)
        })
    }
  }

  private static func makeStartedSteps(
    _ communicator: any Communicator, meanwhileInTenth: () throws -> Void
  ) throws {
    let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator, recordsSteps: true)
    for step in 0..<12 {
      let start = step * 40 + communicator.rank * 3
      let started = try replica.start(
        SmallProblem.batch(start..<start + 3), meanwhile: { if step == 9 { try meanwhileInTenth() } })
      if step == 11 { _ = try started.outcome() }
    }
  }

  /// Whether the ranks of this machine have a GPU each, as far as the environment tells.
  private static func hasOwnGPU(_ communicator: any Communicator) -> Bool {
    communicator.size > 1 && ProcessInfo.processInfo.environment["CUDA_VISIBLE_DEVICES"] == nil
  }
}
