import Autograd

extension Replica {
  /// Measures a number beside the loss, from within the loss of a step or of a piece of one.
  ///
  ///     let replica = try Replica(model, options, communicator: communicator, measures: ["accuracy"])
  ///     let outcome = try replica.step(batch) { output, targets in
  ///       replica.measure("accuracy", (output.argmax(1) .== targets).sum())
  ///       return crossEntropy(output, targets, reduction: .sum)
  ///     }
  ///     outcome.measures["accuracy"]   // the share of the global batch that is right
  ///
  /// A measure goes the way of the loss, to which it is added as a number more: the sums over all pieces and ranks travel
  /// with the last gradients, without another message, and are divided by the same number. It is a sum over the batch's
  /// samples where the loss is one, and a mean where the loss is. No gradients flow from it, and it may be any number.
  ///
  /// - Parameters:
  ///   - name: One of those that the replica was made with. What is measured several times is added up, but for
  ///     what `recomputed` measures once more in the backward pass.
  ///   - value: One number, of any type; anything else traps, as does a mean beside the sum of losses.
  public func measure(_ name: String, _ value: Tensor) {
    precondition(value.count == 1, "the measure '\(name)' of a step is of shape \(value.shape), expected one number")
    // The forward pass has measured it.
    guard !isRecomputing else { return }
    guard let index = measureNames.firstIndex(of: name) else {
      preconditionFailure("the measure '\(name)' of a step, of a replica that was made with measures: \(measureNames)")
    }
    precondition(measured != nil, "the measure '\(name)' was taken outside of the loss of a step")
    measured?.add(value, at: index)
  }
}

/// The sums of what is measured beside a loss, in the order of their names; nil where nothing was measured.
struct Measures {
  private(set) var sums: [Tensor?]
  /// The numbers of those to which a mean was added.
  private(set) var means: Set<Int> = []

  init(count: Int) { sums = Array(repeating: nil, count: count) }

  mutating func add(_ value: Tensor, at index: Int) {
    if value.isMean { means.insert(index) }
    sums[index] = sums[index].map { $0.detached().cast(to: .float64) + value.detached().cast(to: .float64) } ?? value
  }

  mutating func add(_ other: Measures) {
    for (index, value) in other.sums.enumerated() {
      if let value { add(value.detached(), at: index) }
    }
  }

  /// What are means over so many samples, as sums; nothing for none.
  func times(_ count: Double) -> Measures {
    var product = Measures(count: sums.count)
    if count > 0 { product.sums = sums.map { $0.map { $0.detached() * count } } }
    return product
  }
}
