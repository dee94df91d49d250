import Autograd
import Collective
import DistTrain
import TestSupport

extension ReplicaCheck {
  /// What a rank ends with.
  private struct Ended {
    let buckets: ChosenBuckets
    let losses: [Double]
    let weights: [[UInt8]]
  }

  /// Trains a perceptron with layers large enough for several ways to cut its gradients, until sizes are chosen and for
  /// three more steps.
  private static func train(
    _ communicator: any Communicator, _ buckets: BucketChoice, compression: GradientCompression? = nil,
    shardsOptimizer: Bool = false, reproducibleShards: Int? = nil, gradientNormLimit: Double? = nil
  ) throws -> Ended {
    let model = SmallProblem.model(dtype: .float32) {
      Sequential(Linear(6, 200), Sigmoid(), Linear(200, 200), Sigmoid(), Linear(200, 200), Sigmoid(), Linear(200, 3))
    }
    let replica = try Replica(
      model, SmallProblem.options, communicator: communicator, buckets: buckets, compression: compression,
      shardsOptimizer: shardsOptimizer, gradientNormLimit: gradientNormLimit, reproducibleShards: reproducibleShards)
    // Not the one that an optimizer of other parts begins with.
    replica.learningRate /= 2
    var losses: [Double] = []
    for step in 0..<stepCount {
      let start = step * 16 + communicator.rank * 2
      losses.append(try replica.step(SmallProblem.batch(start..<start + 2)).loss)
    }
    try require(!replica.isTuningBuckets, "sizes are chosen in \(stepCount) steps")
    try replica.verify()
    return Ended(
      buckets: replica.buckets, losses: losses,
      weights: model.stateDictionary().map { $0.tensor.withBytes { Array($0) } })
  }

  /// At least the steps that a choice between the three ways to cut takes.
  private static let stepCount = BucketTuning.warmUpCount + 3 * BucketTuning.roundCount + 3

  /// Throws unless all ranks have the same sizes, from the same origin.
  private static func requireSame(_ buckets: ChosenBuckets, _ communicator: any Communicator) throws {
    try communicator.verifySame("\(buckets.sizes) \(buckets.origin)", what: "the sizes of buckets")
  }

  static let buckets = [
    ReplicaCheck("buckets: a measurement changes no bits") { communicator in
      let options: [(compression: GradientCompression?, shardsOptimizer: Bool, shards: Int?, limit: Double?)] = [
        (nil, false, nil, nil), (nil, true, nil, nil), (.half(.bfloat16), false, nil, nil),
        (.powerSGD(rank: 2), false, nil, nil), (nil, false, communicator.size, nil),
        (nil, true, communicator.size, nil), (nil, false, nil, 0.1), (nil, true, nil, 0.1),
        (nil, true, communicator.size, 0.1),
      ]
      for (compression, shardsOptimizer, shards, limit) in options where shards?.nonzeroBitCount ?? 1 == 1 {
        func train(_ buckets: BucketChoice) throws -> Ended {
          try Self.train(
            communicator, buckets, compression: compression, shardsOptimizer: shardsOptimizer,
            reproducibleShards: shards, gradientNormLimit: limit)
        }
        let found = try train(.automatic)
        let isAlone = communicator.size == 1
        let isInOrder = compression == .half(.bfloat16) || shards != nil || communicator.sumsAlongBinaryTree
        let addsPartsOfSquares = shardsOptimizer && shards == nil && limit != nil
        let isMeasured = (communicator.size == 2 || isInOrder) && !addsPartsOfSquares
        let origin: ChosenBuckets.Origin = isAlone ? .standard : isMeasured ? .measured : .unmeasured
        try require(found.buckets.origin == origin, "\(found.buckets), expected one that is \(origin)")
        try requireSame(found.buckets, communicator)
        for sizes in origin == .unmeasured ? [.standard] : [BucketSizes(first: 64, others: 64), .standard] {
          let expected = try train(.sizes(sizes))
          try require(expected.buckets == ChosenBuckets(sizes: sizes, origin: .given), "\(expected.buckets)")
          try require(
            found.losses == expected.losses && found.weights == expected.weights,
            "other bits than with \(sizes), \(compression?.rawValue ?? "as they are"), sharded \(shardsOptimizer), "
              + "limit \(limit ?? 0)")
        }
      }
    },
    ReplicaCheck("buckets: a measurement that was asked for is made everywhere") { communicator in
      let found = try train(communicator, .measured).buckets
      try require(found.origin == (communicator.size == 1 ? .standard : .measured), "\(found)")
      try requireSame(found, communicator)
    },
  ]
}
