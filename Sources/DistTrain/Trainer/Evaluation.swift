import Autograd
import Collective

/// How well a model does on a set of samples.
public struct Evaluation: Equatable, Sendable {
  /// The mean cross entropy over the targets.
  public let loss: Double
  /// The part of the targets whose class has the largest output, from 0 to 1.
  public let accuracy: Double
  /// The number of targets, each counted once: of samples or, for outputs [N, C, …], of their places; without those that
  /// are −100, which count for nothing.
  public let count: Int

  /// Evaluates `model` on all of `samples`, each on one rank, with the buffers of rank 0, such as running statistics,
  /// which all ranks get. Collective.
  ///
  /// - Parameters:
  ///   - samples: Their targets are classes, `int64`, or the probabilities of all classes.
  ///   - batch: Samples that a rank takes at a time. The same of them are taken together however many ranks there are,
  ///     and their losses added in the same order.
  /// - Throws: `TextMismatch` on all ranks where they have different numbers of samples; when communication fails, or what
  ///   the data set throws.
  public init(of model: any Layer, on samples: any Dataset, communicator: any Communicator, batch: Int = 500) throws {
    let sums = try Self.sums(of: model, on: samples, communicator: communicator, batch: batch) { output, targets in
      let classes = targets.dtype.isFloatingPoint ? targets.argmax(1) : targets
      return [
        crossEntropy(output, targets, reduction: .sum).item(), (output.argmax(1) .== classes).sum().item(),
        (classes .!= -100).sum().item(),
      ]
    }
    count = Int(sums.last ?? 0)
    loss = (sums.first ?? 0) / Double(count)
    accuracy = (sums.isEmpty ? 0 : sums[1]) / Double(count)
  }
}
