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

  /// Evaluates `model` on all of `samples`, each on one rank, with the buffers of rank 0, such as running statistics,
  /// which all ranks get. Collective.
  ///
  /// - Parameters:
  ///   - batch: Samples that a rank takes at a time. The same of them are taken together however many ranks there are,
  ///     and their losses added in the same order.
  /// - Throws: When communication fails.
  public init(of model: any Layer, on samples: any Dataset, communicator: any Communicator, batch: Int = 500) throws {
    let wasTraining = model.isTraining
    model.evaluate()
    defer { model.train(wasTraining) }
    let dtype = model.parameters.first?.dtype ?? .float32
    try communicator.broadcastBuffers(of: model)
    let batchCount = (samples.count + batch - 1) / batch
    // One rank fills in a batch's element, the others add 0 to it.
    var losses = [Double](repeating: 0, count: batchCount)
    var hits = losses
    try noGrad {
      for index in stride(from: communicator.rank, to: batchCount, by: communicator.size) {
        let part = try samples.batch(Array(index * batch..<min((index + 1) * batch, samples.count)))
        let output = model(part.inputs.cast(to: dtype))
        losses[index] = crossEntropy(output, part.targets, reduction: .sum).item()
        let predictions = output.argmax(1).array(of: Int64.self)
        hits[index] = Double(zip(predictions, part.targets.array(of: Int64.self)).count { $0 == $1 })
      }
    }
    try communicator.allReduce(&losses, .sum)
    try communicator.allReduce(&hits, .sum)
    count = samples.count
    loss = losses.reduce(0, +) / Double(count)
    accuracy = hits.reduce(0, +) / Double(count)
  }
}
