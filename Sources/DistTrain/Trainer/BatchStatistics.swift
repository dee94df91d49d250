import Autograd
import Collective

/// Joins the batch normalization layers of all ranks' models: each takes mean and variance over the whole batch.
///
/// The graph cannot throw, so the first failure of communication is kept, and thrown by ``check()``.
final class BatchStatistics {
  private let communicator: any Communicator
  private var failure: (any Error)?
  /// A batch without samples, for a rank that has none and must take part.
  private var emptyBatch: Batch?

  init(of model: Module, _ communicator: any Communicator) {
    self.communicator = communicator
    for case let layer as BatchNorm in model.namedModules().map(\.module) {
      layer.gatherRows = { [self] row in GatheredRows(statistics: self)(row) }
    }
  }

  /// The batch on which a rank runs its model: an empty one where it has none.
  func batch(for given: Batch?) -> Batch? {
    if let given, emptyBatch == nil { emptyBatch = given.with(contents: given.contents.map { $0.sliced(0..<0) }) }
    precondition(
      given != nil || emptyBatch != nil,
      "the first batch with synchronized batch normalization is nil: give an empty one, for the shapes of its tensors")
    return given ?? emptyBatch
  }

  /// Throws the failure of communication that ended the exchange, if one did.
  func check() throws {
    if let failure { throw failure }
  }

  /// The rows [k] of all ranks, as [ranks, k].
  fileprivate func gather(_ row: Tensor) -> Tensor {
    let rows = Tensor.zeros([communicator.size, row.count], dtype: .float64)
    let own = row.to(.cpu)
    communicate {
      try own.withElements(of: Double.self) { row in
        try rows.withMutableElements(of: Double.self) { try communicator.allGather(row, into: $0) }
      }
    }
    return rows.to(row.device)
  }

  /// The sum over ranks of this rank's row in [ranks, k], as [k].
  fileprivate func sum(_ rows: Tensor) -> Tensor {
    let row = Tensor.zeros([rows.shape[1]], dtype: .float64)
    let all = rows.to(.cpu)
    communicate {
      try all.withElements(of: Double.self) { rows in
        try row.withMutableElements(of: Double.self) { try communicator.reduceScatter(rows, into: $0, .sum) }
      }
    }
    return row.to(rows.device)
  }

  private func communicate(_ call: () throws -> Void) {
    guard failure == nil else { return }
    do { try call() } catch { failure = error }
  }
}

/// Every rank's row; the gradient of a row is the sum of what all ranks' losses give it.
private struct GatheredRows: DifferentiableFunction {
  let statistics: BatchStatistics

  func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor { statistics.gather(inputs[0]) }

  func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
    [SummedRow(statistics: statistics)(gradient)]
  }
}

/// This rank's row, summed over all ranks' rows: the transpose of ``GatheredRows``.
private struct SummedRow: DifferentiableFunction {
  let statistics: BatchStatistics

  func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor { statistics.sum(inputs[0]) }

  func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
    [GatheredRows(statistics: statistics)(gradient)]
  }
}
