import Autograd
import Collective

extension Replica {
  /// The rows of all ranks' tensors, one rank's below the other's, from within the loss of a step, with gradients: as
  /// `torch.distributed.nn.functional.all_gather`, for the losses of contrastive learning, which compare each sample with
  /// those of the whole batch. Collective.
  ///
  ///     let replica = try Replica(model, options, communicator: communicator, gathersInLoss: true)
  ///     let outcome = try replica.step(batch, reduction: .mean) { batch in
  ///       let own = model(batch[0]).normalized()
  ///       let all = try replica.allGather(model(batch[1]).normalized())
  ///       let first = try replica.firstGatheredRow(of: own)
  ///       …
  ///     }
  ///
  /// The gradient of this rank's rows is the sum of what the losses of all ranks give them. All ranks, also those without
  /// samples, which get an empty batch, make the same calls in the same order, and use the results so that the gradients
  /// of all flow back or of none.
  ///
  /// - Parameter rows: Of the same type on all ranks, and of the same shape but for the number of rows, which may be 0.
  /// - Throws: When communication fails.
  public func allGather(_ rows: Tensor) throws -> Tensor {
    let exchange = requiredExchange(for: "allGather")
    precondition(rows.rank > 0, "an all-gather of rows of a scalar")
    guard communicator.size > 1 else { return rows }
    let counts = try communicator.rowCounts(of: rows)
    let all = GatheredRows(exchange: exchange, counts: counts)(rows)
    try exchange.check()
    return all
  }

  /// The place of this rank's first row among those that ``allGather(_:)`` gives of tensors with as many rows as this one:
  /// the class of its first sample where each is told from all others. Collective, and from within the loss of a step.
  ///
  /// - Throws: When communication fails.
  public func firstGatheredRow(of rows: Tensor) throws -> Int {
    _ = requiredExchange(for: "firstGatheredRow")
    precondition(rows.rank > 0, "a first row of a scalar")
    return try Int(communicator.rowCounts(of: rows)[..<communicator.rank].reduce(0, +))
  }

  private func requiredExchange(for call: String) -> LossExchange {
    guard let lossExchange, gathersInLoss else {
      preconditionFailure("\(call) in the loss of a replica that was made without gathersInLoss: true")
    }
    precondition(measured != nil || isRecomputing, "\(call) outside of the loss of a step")
    return lossExchange
  }
}

/// The rows of all ranks; the gradient of a row is the sum of what all ranks' losses give it.
private struct GatheredRows: DifferentiableFunction {
  let exchange: LossExchange
  /// How many rows each rank has.
  let counts: [Int64]

  func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor {
    let own = inputs[0]
    var all = Tensor.zeros([Int(counts.reduce(0, +))] + own.shape.dropFirst(), dtype: own.dtype).to(own.device)
    exchange.communicate { all = try exchange.communicator.allGather(own, counts: counts) }
    return all
  }

  func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
    [SummedRows(exchange: exchange, counts: counts)(gradient)]
  }
}

/// This rank's rows of the sum over all ranks of such rows: the transpose of ``GatheredRows``.
private struct SummedRows: DifferentiableFunction {
  let exchange: LossExchange
  let counts: [Int64]

  func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor {
    let sum = inputs[0].cloned()
    exchange.communicate { try exchange.communicator.allReduce(sum) }
    let rank = exchange.communicator.rank
    let first = Int(counts[..<rank].reduce(0, +))
    return sum.sliced(first..<first + Int(counts[rank]))
  }

  func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
    [GatheredRows(exchange: exchange, counts: counts)(gradient)]
  }
}
