import Autograd
import Collective
import DistTrain
import Foundation
import TestSupport

extension ReplicaCheck {
  /// Training that goes on from a file.
  static let checkpoints = [
    ReplicaCheck("checkpoints: a program that goes on has the bits of one that was not interrupted") { communicator in
      try withPath(communicator) { path in
        for (before, after) in [(false, false), (true, false), (false, true), (true, true)] {
          let whole = try replica(communicator, seed: 7, shardsOptimizer: before)
          try makeSteps(0..<9, whole, communicator)
          let interrupted = try replica(communicator, seed: 7, shardsOptimizer: before)
          try makeSteps(0..<5, interrupted, communicator)
          try interrupted.writeCheckpoint(to: path)
          // Another run, of which nothing is to be left.
          let resumed = try replica(communicator, seed: 8, shardsOptimizer: after)
          try makeSteps(0..<4, resumed, communicator)
          // One that goes back.
          try makeSteps(5..<7, interrupted, communicator)
          for replica in [resumed, interrupted] {
            try replica.resume(from: path)
            try require(replica.stepCount == 5, "\(replica.stepCount) steps")
            try makeSteps(5..<9, replica, communicator)
            // Ranks that send messages add up in another order where each needs a part of the sums only.
            let isSame = replica === interrupted || before == after
            try requireClose(replica.model, whole.model, within: isSame ? 0 : 1e-12)
            try replica.verify()
          }
        }
      }
    },
    ReplicaCheck("checkpoints: a weighted sampler goes on in the middle of an epoch") { communicator in
      try withPath(communicator) { path in
        let samples = SmallProblem.batch(0..<20)
        let data = TensorDataset(samples.inputs, samples.targets)
        let sampler = WeightedSampler((0..<20).map { Double($0 % 4) }, count: 25)
        func train(_ replica: Replica, until end: Int) throws {
          var loader = ShardLoader(data, sampler: sampler, globalBatch: 6, communicator: communicator, seed: 5)
          while replica.stepCount < end {
            let (epoch, step) = replica.stepCount.quotientAndRemainder(dividingBy: loader.shards.stepsPerEpoch)
            _ = try replica.step(loader.batch(epoch: epoch, step: step))
          }
        }
        let straight = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
        try train(straight, until: 7)
        try straight.writeCheckpoint(to: path)
        try train(straight, until: 12)
        let resumed = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
        try resumed.resume(from: path)
        try train(resumed, until: 12)
        try requireClose(resumed.model, straight.model, within: 0)
        let whole = WholeProcess(SmallProblem.perceptron())
        for step in 0..<12 {
          let (epoch, position) = step.quotientAndRemainder(dividingBy: 5)
          let order = sampler.samples(seed: 5, epoch: epoch)
          _ = try whole.step(SmallProblem.batch(order[position * 6..<min(position * 6 + 6, 25)]))
        }
        try requireClose(straight.model, whole.model)
      }
    },
    ReplicaCheck("checkpoints: what cannot be read or written is told by rank 0, and changes nothing") { communicator in
      try withPath(communicator) { path in
        let replica = try replica(communicator, seed: 7, shardsOptimizer: false)
        try makeSteps(0..<2, replica, communicator)
        let before = replica.arena.flat.array(of: Double.self)
        try replica.writeCheckpoint(to: path, identity: [("data", "spiral")])
        try makeSteps(2..<3, replica, communicator)
        let after = replica.arena.flat.array(of: Double.self)
        try require(before != after, "a step changed nothing")
        try requireRefusal(communicator) { try replica.writeCheckpoint(to: path + "/checkpoint") }
        try requireRefusal(communicator) { try replica.resume(from: path + "-missing") }
        try requireRefusal(communicator) { try replica.resume(from: path, identity: [("data", "moons")]) }
        try require(replica.arena.flat.array(of: Double.self) == after && replica.stepCount == 3, "something changed")
        try replica.resume(from: path, identity: [("data", "spiral")])
        try require(replica.arena.flat.array(of: Double.self) == before && replica.stepCount == 2, "not gone back")
      }
    },
    ReplicaCheck("checkpoints: what a program keeps is rank 0's on all ranks") { communicator in
      try withPath(communicator) { path in
        let replica = try replica(communicator, seed: 7, shardsOptimizer: false)
        try replica.writeCheckpoint(to: path, state: ["rank": communicator.rank, "epoch": 3])
        try makeSteps(0..<1, replica, communicator)
        try requireRefusal(communicator) { _ = try replica.resume(from: path, state: [String].self) }
        try require(replica.stepCount == 1, "something changed")
        let state = try replica.resume(from: path, state: [String: Int].self)
        try require(state == ["rank": 0, "epoch": 3], "\(state)")
        try require(replica.stepCount == 0, "step \(replica.stepCount)")
      }
    },
    ReplicaCheck("checkpoints: an average of weights goes on, and a file without it changes nothing") { communicator in
      try withPath(communicator) { path in
        let straight = try replica(communicator, seed: 7, shardsOptimizer: false)
        let average = WeightAverage(of: straight.model, .exponential(decay: 0.8))
        let other = try replica(communicator, seed: 8, shardsOptimizer: false)
        let otherAverage = WeightAverage(of: other.model, .exponential(decay: 0.8))
        try makeSteps(0..<2, straight, communicator)
        try straight.writeCheckpoint(to: path)
        let before = otherAverage.stateDictionary().flatMap { $0.tensor.array(of: Double.self) }
        try requireRefusal(communicator) {
          try other.resume(from: path, tensors: otherAverage.stateDictionary())
        }
        try require(other.stepCount == 0, "step \(other.stepCount)")
        let unchanged = otherAverage.stateDictionary().flatMap { $0.tensor.array(of: Double.self) }
        try require(unchanged == before, "the average was changed")
        average.update()
        try straight.writeCheckpoint(to: path, tensors: average.stateDictionary())
        try other.resume(from: path, tensors: otherAverage.stateDictionary())
        for (replica, average) in [(straight, average), (other, otherAverage)] {
          try makeSteps(2..<4, replica, communicator)
          average.update()
        }
        try require(otherAverage.updateCount == 2, "\(otherAverage.updateCount) updates")
        for ((name, found), (_, wanted)) in zip(otherAverage.stateDictionary(), average.stateDictionary()) {
          try requireClose(found.array(of: Double.self), wanted.array(of: Double.self), within: 0, name)
        }
      }
    },
  ]

  /// Calls `body` with a path that rank 0 chooses, in a folder that it removes.
  static func withPath(_ communicator: any Communicator, _ body: (String) throws -> Void) throws {
    let folder = communicator.rank == 0 ? try TemporaryFolder() : nil
    try body(try communicator.broadcast("\(folder?.path ?? "")/checkpoint.safetensors", from: 0))
    try communicator.barrier()
    extendLifetime(folder)
  }

  /// A model with what has a state of its own: dropout, running statistics, and a group of parameters.
  private static func replica(
    _ communicator: any Communicator, seed: UInt64, shardsOptimizer: Bool
  ) throws -> Replica {
    manualSeed(seed)
    let last = Linear(5, 3)
    let model = Sequential(Linear(6, 5), BatchNorm1d(5), ReLU(), Dropout(0.3), last).convert(to: .float64)
    return try SmallProblem.replica(
      model, communicator, groups: [([last.weight], SGD.Options(learningRate: 0.1, momentum: 0.5))],
      shardsOptimizer: shardsOptimizer, recordsSteps: true)
  }

  private static func makeSteps(_ steps: Range<Int>, _ replica: Replica, _ communicator: any Communicator) throws {
    for step in steps {
      let start = step * 40 + communicator.rank * 4
      _ = try replica.step(SmallProblem.batch(start..<start + 4))
    }
    try communicator.broadcastBuffers(of: replica.model)
  }

  private static func requireRefusal(_ communicator: any Communicator, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch is FileError where communicator.rank == 0 {
      return
    } catch is PeerFailure where communicator.rank > 0 {
      return
    }
    try require(false, "a file was not refused")
  }
}
