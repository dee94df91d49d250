import Autograd
import Collective
import DistTrain
import Foundation

/// A classification of points with 6 coordinates in 3 classes.
enum SmallProblem {
  static let options = SGD.Options(learningRate: 0.3, momentum: 0.9, weightDecay: 0.01)

  /// The samples with these numbers; any number has one.
  static func batch(_ numbers: some Collection<Int>) -> Batch {
    let coordinates: [Double] = numbers.flatMap { number in
      (0..<6).map { (place: Int) -> Double in 2 * sin(Double(number * 17 + place * 5)) + 0.5 }
    }
    return Batch(
      inputs: Tensor(coordinates, shape: [numbers.count, 6]),
      targets: Tensor(numbers.map { number -> Int64 in Int64(number * number % 3) }, shape: [numbers.count]))
  }

  /// The same model on every call.
  static func model<Model: Module>(dtype: DataType = .float64, _ make: () -> Model) -> Model {
    manualSeed(3)
    return make().convert(to: dtype)
  }

  /// A perceptron, the same on every call.
  static func perceptron() -> Sequential { model { Sequential(Linear(6, 5), Sigmoid(), Linear(5, 3)) } }

  /// Where a rank's replica is: on a GPU where the environment has `REPLICA_CHECKS_DEVICE=cuda`.
  static func device(_ communicator: any Communicator) throws -> Device {
    let isOnGPU = ProcessInfo.processInfo.environment["REPLICA_CHECKS_DEVICE"] == "cuda"
    return try communicator.openDevice(isOnGPU ? .cuda : .cpu)
  }

  /// A replica with buckets so small that there are several, unless others are asked for.
  static func replica(
    _ model: Module, _ communicator: any Communicator,
    groups: [(parameters: [Tensor], options: SGD.Options)] = [],
    buckets: BucketChoice = .sizes(BucketSizes(first: 64, others: 64)), reproducibleShards: Int? = nil,
    gradientNormLimit: Double? = nil, shardsOptimizer: Bool = false, recordsSteps: Bool = false,
    synchronizesBatchNorm: Bool = false, gathersInLoss: Bool = false, measures: [String] = []
  ) throws -> Replica {
    try Replica(
      model.to(device(communicator)), options, groups: groups, communicator: communicator, buckets: buckets,
      shardsOptimizer: shardsOptimizer, gradientNormLimit: gradientNormLimit, measures: measures,
      reproducibleShards: reproducibleShards, recordsSteps: recordsSteps, synchronizesBatchNorm: synchronizesBatchNorm,
      gathersInLoss: gathersInLoss)
  }
}

/// One process that takes whole batches, by autograd alone.
struct WholeProcess {
  let model: Module
  private let optimizer: SGD

  init(_ model: Module) {
    self.model = model
    optimizer = SGD(model.parameters.filter(\.requiresGrad), SmallProblem.options)
  }

  /// Makes a step from the sum of the losses of `count` samples, and returns their mean.
  func step(count: Int, _ lossSum: () -> Tensor) throws -> Double {
    optimizer.zeroGrad()
    let sum = lossSum()
    try sum.backward()
    for parameter in model.parameters where parameter.requiresGrad && parameter.grad == nil {
      parameter.grad = .zeros(parameter.shape, dtype: parameter.dtype)
    }
    optimizer.step(gradientScale: 1 / Double(count))
    return sum.item() / Double(count)
  }

  /// Makes a step of a layer with one batch.
  func step(_ batch: Batch) throws -> Double {
    guard let layer = model as? any Layer else { preconditionFailure("\(type(of: model)) is no layer") }
    return try step(count: batch.count) { crossEntropy(layer(batch.inputs), batch.targets, reduction: .sum) }
  }
}

/// The samples of some steps, dealt out to ranks at random, where some get none.
struct RandomSplit {
  let ranks: Int
  private let steps: [[[Int]]]

  /// Deals out `count` samples in each of `stepCount` steps; all ranks get the same split.
  init(ranks: Int, stepCount: Int, count: Int) {
    let generator = RandomGenerator(seed: 11)
    self.ranks = ranks
    steps = (0..<stepCount).map { step in
      var parts = [[Int]](repeating: [], count: ranks)
      for sample in 0..<count {
        // In step 0 all go to one rank, in later ones to more and more.
        let owner = (Int(generator.random32()) % (1 + step % ranks) + step) % ranks
        parts[owner].append(step * count + sample)
      }
      return parts
    }
  }

  var stepCount: Int { steps.count }

  func samples(step: Int, rank: Int) -> [Int] { steps[step][rank] }

  func all(step: Int) -> [Int] { steps[step].flatMap { $0 } }
}
