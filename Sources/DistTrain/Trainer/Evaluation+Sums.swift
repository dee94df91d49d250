import Autograd
import Collective

extension Evaluation {
  /// The sums over all samples of numbers that a program measures for some of them: losses of another kind, squares of
  /// errors, hits. Each sample is measured on one rank, with the buffers of rank 0, which all ranks get. Collective.
  ///
  ///     let sums = try Evaluation.sums(of: model, on: data, communicator: communicator) { output, targets in
  ///       [meanSquaredError(output, targets, reduction: .sum).item(), l1Loss(output, targets, reduction: .sum).item()]
  ///     }
  ///     let rootMeanSquare = (sums[0] / Double(data.count)).squareRoot()
  ///
  /// - Parameters:
  ///   - batch: Samples that a rank takes at a time. The same of them are taken together however many ranks there are,
  ///     and their numbers added in the same order.
  ///   - measure: Gives as many numbers each time, from the model's output and the targets, or the inputs where the data
  ///     set has no others.
  /// - Returns: As many sums; none for no samples.
  /// - Throws: `TextMismatch` on all ranks where they have different numbers of samples; when communication fails, or what
  ///   the data set or `measure` throws.
  public static func sums(
    of model: any Layer, on samples: any Dataset, communicator: any Communicator, batch: Int = 500,
    measure: (_ output: Tensor, _ targets: Tensor) throws -> [Double]
  ) throws -> [Double] {
    let dtype = model.parameters.first?.dtype ?? .float32
    return try sums(of: model, on: samples, communicator: communicator, batch: batch) { part in
      try measure(model(part.inputs(as: dtype)), part.targets)
    }
  }

  /// The same for a model of any kind, as one that takes several tensors. Collective.
  ///
  /// - Parameter measure: Gives as many numbers each time, from some of the samples, which are where the model is. It
  ///   calls the model.
  /// - Returns: As many sums; none for no samples.
  /// - Throws: `TextMismatch` on all ranks where they have different numbers of samples; when communication fails, or what
  ///   the data set or `measure` throws.
  public static func sums(
    of model: Module, on samples: any Dataset, communicator: any Communicator, batch: Int = 500,
    measure: (_ batch: Batch) throws -> [Double]
  ) throws -> [Double] {
    precondition(batch > 0, "batches of \(batch) samples")
    try communicator.verifySame("number of samples: \(samples.count)", what: "the data set")
    let device = model.device
    try communicator.broadcastBuffers(of: model)
    let batchCount = (samples.count + batch - 1) / batch
    var own: [Int: [Double]] = [:]
    try noGrad {
      try model.evaluating {
        for index in stride(from: communicator.rank, to: batchCount, by: communicator.size) {
          let part = try samples.batch(Array(index * batch..<min((index + 1) * batch, samples.count)))
          own[index] = try measure(part.to(device))
        }
      }
    }
    let count = Int(try communicator.allReduced(Int64(own.values.map(\.count).max() ?? 0), .maximum))
    precondition(own.values.allSatisfy { $0.count == count }, "measures of \(count) numbers, and of another number")
    // One rank fills in a batch's elements, the others add 0 to them.
    var numbers = [Double](repeating: 0, count: batchCount * count)
    for (index, values) in own { numbers.replaceSubrange(index * count..<(index + 1) * count, with: values) }
    try communicator.allReduce(&numbers, .sum)
    return (0..<count).map { column in
      stride(from: column, to: numbers.count, by: count).reduce(0) { $0 + numbers[$1] }
    }
  }
}
