import Autograd
import Collective
import DistTrain
import Foundation

extension ReplicaCheck {
  static let accumulation = [
    ReplicaCheck("accumulation: any number of pieces is one batch") { communicator in
      for pieces in [1, 2, 3, 5] {
        let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
        let whole = WholeProcess(SmallProblem.perceptron())
        let shards = Shards(
          sampleCount: 46, globalBatch: 20, rank: communicator.rank, worldSize: communicator.size,
          cut: .ranks(pieces: pieces))
        try require(shards.pieceCount == pieces, "\(shards.pieceCount) pieces")
        for step in 0..<shards.stepsPerEpoch {
          func batch(_ piece: Int) -> Batch { SmallProblem.batch(Array(shards.positions(step: step, piece: piece))) }
          for piece in 0..<pieces - 1 { try replica.accumulate(batch(piece)) }
          let outcome = try replica.step(batch(pieces - 1))
          let start = step * 20
          let expected = try whole.step(SmallProblem.batch(Array(start..<min(start + 20, 46))))
          try require(outcome.count == Double(min(20, 46 - start)), "\(outcome.count) samples in step \(step)")
          try requireClose([outcome.loss], [expected], "the loss of step \(step) in \(pieces) pieces")
        }
        try requireClose(replica.model, whole.model)
        try require(replica.stepCount == 3, "\(replica.stepCount) steps")
      }
    },
    ReplicaCheck("accumulation: nothing is communicated, and nothing changes, before the last piece") { communicator in
      let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
      // More pieces on some ranks than on others: a collective call in them would not meet its like.
      for _ in 0..<communicator.rank { try replica.accumulate(SmallProblem.batch(0..<4)) }
      try requireClose(replica.model, SmallProblem.perceptron(), within: 0)
      let outcome = try replica.step(SmallProblem.batch([]))
      let size = communicator.size
      try require(outcome.count == Double(2 * size * (size - 1)), "\(outcome.count) samples")
    },
    ReplicaCheck("accumulation: the time of a step is that of all its pieces") { communicator in
      let model = SmallProblem.perceptron()
      let replica = try SmallProblem.replica(model, communicator)
      func loss(_ output: Tensor, _ targets: Tensor) -> Tensor {
        Thread.sleep(forTimeInterval: 0.02)
        return crossEntropy(output, targets, reduction: .sum)
      }
      for _ in 0..<2 { try replica.accumulate(SmallProblem.batch(0..<4), loss: loss) }
      let seconds = try replica.step(SmallProblem.batch(0..<4), loss: loss).seconds
      try require(seconds.forward >= 0.06, "\(seconds.forward) s in three forward passes")
    },
  ]

  static let unevenData = [
    ReplicaCheck("uneven data: any split over ranks is the union") { communicator in
      let split = RandomSplit(ranks: communicator.size, stepCount: 9, count: 7)
      let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
      let whole = WholeProcess(SmallProblem.perceptron())
      for step in 0..<split.stepCount {
        let own = split.samples(step: step, rank: communicator.rank)
        // As many pieces as a rank likes, empty ones among them.
        for start in 0..<(communicator.rank + step) % 3 {
          try replica.accumulate(SmallProblem.batch(own.dropFirst(start).prefix(1)))
        }
        let outcome = try replica.step(SmallProblem.batch(own.dropFirst((communicator.rank + step) % 3)))
        try requireClose(
          [outcome.loss], [whole.step(SmallProblem.batch(split.all(step: step)))], "the loss of step \(step)")
        try require(outcome.count == 7, "\(outcome.count) samples in step \(step)")
      }
      try requireClose(replica.model, whole.model)
      try replica.verify()
    },
    ReplicaCheck("uneven data: ranks that run out early") { communicator in
      let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
      let whole = WholeProcess(SmallProblem.perceptron())
      func own(_ rank: Int) -> [[Int]] { (0..<3 + 2 * rank).map { Array($0 * 10 + rank..<$0 * 10 + rank + 3) } }
      var batches = own(communicator.rank).map { SmallProblem.batch($0) }.makeIterator()
      var losses: [Double] = []
      while true {
        let outcome = try replica.step(batches.next())
        guard outcome.count > 0 else { break }
        losses.append(outcome.loss)
      }
      let last = 3 + 2 * (communicator.size - 1)
      try require(replica.stepCount == last, "\(replica.stepCount) steps, expected \(last)")
      let expected = try (0..<last).map { step in
        try whole.step(SmallProblem.batch((0..<communicator.size).flatMap { own($0).dropFirst(step).first ?? [] }))
      }
      try requireClose(losses, expected, "the losses")
      try requireClose(replica.model, whole.model)
    },
    ReplicaCheck("uneven data: no samples at all change nothing") { communicator in
      let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator)
      for batch in [nil, SmallProblem.batch([])] {
        let outcome = try replica.step(batch)
        try require(outcome.count == 0 && outcome.loss == 0, "loss \(outcome.loss) of \(outcome.count) samples")
      }
      try requireClose(replica.model, SmallProblem.perceptron(), within: 0)
      try require(replica.stepCount == 0, "\(replica.stepCount) steps")
    },
  ]
}
