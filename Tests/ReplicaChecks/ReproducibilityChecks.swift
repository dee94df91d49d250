import Autograd
import Collective
import DistTrain
import TestSupport

/// What must be the same, to the last bit, on any number of ranks.
private struct Bits: Equatable {
  var losses: [Double] = []
  /// Of the gradients, where it has a limit.
  var norms: [Double?] = []
  var state: [[UInt8]] = []
}

extension ReplicaCheck {
  /// Dropout and batch normalization; the images are large enough for shards of one sample.
  private static func dropping() -> Sequential {
    Sequential(
      Linear(6, 12), Unflatten(1, [3, 2, 2]), BatchNorm2d(3), ReLU(), Flatten(), Dropout(0.3), Linear(12, 3))
  }

  /// Trains for two epochs of three steps, of which the last has fewer samples than there are shards.
  private static func train(
    _ communicator: any Communicator, shards: Int?, dtype: DataType, steps: Range<Int> = 0..<6,
    from start: (any Layer)? = nil, shardsOptimizer: Bool = false, gradientNormLimit: Double? = nil
  ) throws -> (model: any Layer, bits: Bits) {
    let model = SmallProblem.model(dtype: dtype, dropping)
    if let start { try model.load(stateDictionary: start.stateDictionary()) }
    try model.to(SmallProblem.device(communicator))
    // Without momentum: parameters, buffers and the number of steps are all that a run goes on from.
    let options = SGD.Options(learningRate: 0.3, weightDecay: 0.01)
    let replica = try Replica(
      model, options, communicator: communicator, buckets: .sizes(BucketSizes(first: 64, others: 64)),
      shardsOptimizer: shardsOptimizer, gradientNormLimit: gradientNormLimit, reproducibleShards: shards)
    replica.stepCount = steps.lowerBound
    var loader = ShardLoader(
      TensorDataset(SmallProblem.batch(0..<37).tensors), globalBatch: 16, communicator: communicator, seed: 1,
      cut: shards.map(BatchCut.logicalShards) ?? .ranks(pieces: 1))
    var bits = Bits()
    for step in steps {
      let (epoch, position) = step.quotientAndRemainder(dividingBy: 3)
      let last = loader.shards.pieceCount - 1
      for piece in 0..<last { try replica.accumulate(loader.batch(epoch: epoch, step: position, piece: piece)) }
      // What the program draws otherwise changes nothing.
      _ = Tensor.rand([1 + communicator.rank])
      let outcome = try replica.step(loader.batch(epoch: epoch, step: position, piece: last))
      bits.losses.append(outcome.loss)
      bits.norms.append(outcome.gradientNorm)
    }
    bits.state = model.stateDictionary().map { $0.tensor.withBytes { Array($0) } }
    return (model, bits)
  }

  static let reproducibility = [
    ReplicaCheck("reproducible: any number of ranks gives the bits of one") { communicator in
      for (shards, dtype) in [(8, DataType.float32), (4, .float64)] where shards.isMultiple(of: communicator.size) {
        let alone = try train(LocalCommunicator(), shards: shards, dtype: dtype).bits
        let found = try train(communicator, shards: shards, dtype: dtype).bits
        try require(found.losses == alone.losses, "losses \(found.losses) in \(dtype), expected \(alone.losses)")
        try require(found == alone, "the weights in \(dtype) have other bits than on one rank")
        try require(Set(found.losses).count == 6, "the losses change")
        let sharded = try train(communicator, shards: shards, dtype: dtype, shardsOptimizer: true).bits
        try require(sharded == alone, "the weights in \(dtype) have other bits with a sharded optimizer")
        let clipped = try [LocalCommunicator(), communicator].map {
          try train($0, shards: shards, dtype: dtype, shardsOptimizer: true, gradientNormLimit: 0.01).bits
        }
        try require(clipped[0] != alone, "gradients in \(dtype) are scaled down")
        try require(clipped[1] == clipped[0], "the weights in \(dtype) have other bits with gradients scaled down")
        let others = try train(LocalCommunicator(), shards: shards * 2, dtype: dtype).bits
        try require(others != alone, "twice as many shards have other bits")
      }
    },
    ReplicaCheck("reproducible: a run goes on from its weights and the number of its steps") { communicator in
      guard communicator.size != 3 else { return }
      let whole = try train(LocalCommunicator(), shards: 4, dtype: .float32).bits
      let first = try train(communicator, shards: 4, dtype: .float32, steps: 0..<4).model
      let rest = try train(communicator, shards: 4, dtype: .float32, steps: 4..<6, from: first).bits
      try require(rest.state == whole.state && rest.losses == Array(whole.losses[4...]), "other bits after 4 steps")
    },
    ReplicaCheck("reproducible: ranks that do not divide the shards are refused") { communicator in
      guard communicator.size == 3 else { return }
      do {
        _ = try train(communicator, shards: 8, dtype: .float32)
      } catch let error as ConfigurationError {
        let expected =
          "--reproducible 8 on 3 ranks: the number of ranks must divide that of the shards, as 1, 2, 4, 8 do"
        return try require(error.description == expected && communicator.rank == 0, "\(error)")
      } catch is PeerFailure {
        return
      }
      throw ConformanceFailure(description: "3 ranks computed 8 shards")
    },
    ReplicaCheck("without logical shards a run has the same bits again, and dropout is each rank's own") {
      communicator in
      let bits = try train(communicator, shards: nil, dtype: .float32).bits
      try require(bits == (try train(communicator, shards: nil, dtype: .float32).bits), "other bits in a second run")
      let model = Sequential(Dropout(0.5))
      let random = try PieceRandomness(communicator)
      var kept = random.draw(step: 2, part: communicator.rank) { model(Tensor.ones([64])).array(of: Double.self) }
      try communicator.allReduce(&kept, .sum)
      if communicator.size == 2 { try require(Set(kept).count == 3, "both ranks drop the same elements") }
    },
  ]
}
