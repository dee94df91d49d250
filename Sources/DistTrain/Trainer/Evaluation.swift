import Autograd
import Collective

/// How well a model does on a set of samples.
public struct Evaluation: Equatable, Sendable {
  /// The mean cross entropy.
  public let loss: Double
  /// The part of the samples whose class has the largest output, from 0 to 1.
  public let accuracy: Double
  /// The number of samples, each counted once.
  public let count: Int

  /// Evaluates `model` on all of `samples`, each on one rank. Collective.
  ///
  /// - Parameters:
  ///   - batch: Samples that a rank takes at a time.
  /// - Throws: When communication fails.
  public init(of model: any Layer, on samples: any Dataset, communicator: any Communicator, batch: Int = 500) throws {
    let wasTraining = model.isTraining
    model.evaluate()
    defer { model.train(wasTraining) }
    let (dtype, device) = (model.parameters.first?.dtype ?? .float32, model.device)
    let own = Array(stride(from: communicator.rank, to: samples.count, by: communicator.size))
    var sums = [0.0, 0.0]
    try noGrad {
      for start in stride(from: 0, to: own.count, by: batch) {
        let part = try samples.batch(Array(own[start..<min(start + batch, own.count)]))
        let output = model(part.inputs.to(device).cast(to: dtype))
        sums[0] += crossEntropy(output, part.targets.to(device), reduction: .sum).item()
        let predictions = output.argmax(1).array(of: Int64.self)
        sums[1] += Double(zip(predictions, part.targets.array(of: Int64.self)).count { $0 == $1 })
      }
    }
    try communicator.allReduce(&sums, .sum)
    count = samples.count
    loss = sums[0] / Double(count)
    accuracy = sums[1] / Double(count)
  }
}
