import Autograd
import Collective

extension LossExchange {
  /// Joins the batch normalization layers of all ranks' models: each takes mean and variance over the whole batch.
  func joinBatchNorm(of model: Module) {
    for case let layer as BatchNorm in model.namedModules().map(\.module) {
      layer.gatherRows = { [self] row in GatheredStatistics(exchange: self)(row) }
    }
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
}

/// Every rank's row; the gradient of a row is the sum of what all ranks' losses give it.
private struct GatheredStatistics: DifferentiableFunction {
  let exchange: LossExchange

  func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor { exchange.gather(inputs[0]) }

  func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
    [SummedStatistics(exchange: exchange)(gradient)]
  }
}

/// This rank's row, summed over all ranks' rows: the transpose of ``GatheredStatistics``.
private struct SummedStatistics: DifferentiableFunction {
  let exchange: LossExchange

  func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor { exchange.sum(inputs[0]) }

  func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
    [GatheredStatistics(exchange: exchange)(gradient)]
  }
}
