import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  /// Ranks that are threads of one process share its loop threads, too.
  static let threadCounts = [
    ReplicaCheck("threads: a rank's weights do not depend on how many share its loops") { communicator in
      let weights = try [1, 2, 3].map { threads in
        try LoopThreads.using(threads: threads) { try weightsAfterSteps(communicator) }
      }
      for (index, other) in weights.enumerated().dropFirst() {
        try require(other == weights[0], "\(index + 1) threads gave other weights than one")
      }
    }
  ]

  private static func weightsAfterSteps(_ communicator: any Communicator) throws -> [UInt32] {
    let model = SmallProblem.model(dtype: .float32) {
      Sequential(
        Conv2d(1, 16, kernel: 3, padding: 1), ReLU(), MaxPool2d(2), Conv2d(16, 20, kernel: 3), ReLU(), Flatten(),
        Linear(20 * 3 * 3, 3))
    }
    let replica = try SmallProblem.replica(model, communicator)
    let generator = RandomGenerator(seed: UInt64(communicator.rank))
    for _ in 0..<3 {
      let batch = Batch(
        inputs: Tensor.randn([5, 1, 10, 10], generator: generator),
        targets: Tensor([0, 1, 2, 0, 1] as [Int64], shape: [5]))
      _ = try replica.step(batch)
    }
    return replica.arena.flat.array(of: Float.self).map(\.bitPattern)
  }
}
