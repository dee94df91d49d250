/// An average over the steps of a model's parameters, as `torch.optim.swa_utils.AveragedModel`: it often does better than
/// the last of them.
///
///     let average = WeightAverage(of: model, .exponential(decay: 0.999))
///     …
///     _ = try replica.step(batch)
///     average.update()
///     …
///     let evaluation = try average.withAverage { try Evaluation(of: model, on: data, communicator: communicator) }
///
/// Ranks whose replicas make the same steps have the same averages, without communication: all make the same calls. Buffers,
/// such as running statistics, are not averaged, but those of the last update.
///
/// Sources: P. Izmailov et al., arXiv:1803.05407, for equal weights; B. Polyak, A. Juditsky, SIAM Journal on Control and
/// Optimization 30(4), 1992.
public final class WeightAverage {
  /// What an update does to the average.
  public enum Rule: Equatable, Sendable {
    /// average = decay · average + (1 − decay) · parameter, with a decay from 0 to 1.
    case exponential(decay: Double)
    /// The mean of the parameters at all updates.
    case equal
  }

  /// What an update does, but for the first, which takes the parameters as they are.
  public let rule: Rule
  private let parameters: [(name: String, current: Tensor, average: Tensor)]
  private let buffers: [(name: String, current: Tensor, average: Tensor)]
  private let count = UpdateCount()
  private var isInUse = false

  /// A copy of the parameters and buffers of `model`, frozen ones too, with which the average begins. They must stay on
  /// their device and of their type.
  public init(of model: Module, _ rule: Rule) {
    if case .exponential(let decay) = rule {
      precondition((0...1).contains(decay), "an average of weights with a decay of \(decay), expected one from 0 to 1")
    }
    self.rule = rule
    parameters = noGrad { model.namedParameters().map { ($0.name, $0.parameter, $0.parameter.detached().cloned()) } }
    buffers = noGrad { model.namedBuffers().map { ($0.name, $0.buffer, $0.buffer.detached().cloned()) } }
  }

  /// How often the average was updated.
  public var updateCount: Int { Int(count.array(of: Int64.self)[0]) }

  /// Takes the parameters as they are now into the average, and copies the buffers.
  public func update() {
    precondition(!isInUse, "an average of weights was updated while the model had it in place of its own")
    let updates = updateCount
    if let refusal = count.refusal(of: count) { preconditionFailure("an average of weights whose \(refusal)") }
    let share: Double =
      switch rule {
      case _ where updates == 0: 1
      case .exponential(let decay): 1 - decay
      case .equal: 1 / Double(updates + 1)
      }
    noGrad {
      for (_, current, average) in parameters {
        // The first update copies, whatever was there before.
        let current = current.detached()
        average.replaceElements(by: updates == 0 ? current : average.interpolated(to: current, weight: share))
      }
      for (_, current, average) in buffers { average.replaceElements(by: current.detached()) }
      count.replaceElements(by: count + Tensor(1))
    }
  }

  /// Runs `body` while the model has the average in place of its own parameters and buffers, which it has again afterwards:
  /// what `body` changes of them is forgotten.
  ///
  /// - Throws: What `body` throws.
  public func withAverage<Result>(_ body: () throws -> Result) rethrows -> Result {
    precondition(!isInUse, "an average of weights was asked for while the model had it in place of its own")
    isInUse = true
    let all = parameters + buffers
    let own = noGrad { all.map { ($0.current, $0.current.detached().cloned()) } }
    for (_, current, average) in all { current.replaceElements(by: average) }
    defer {
      for (current, elements) in own { current.replaceElements(by: elements) }
      isInUse = false
    }
    return try body()
  }

  /// All that later updates depend on, by the names of PyTorch's `AveragedModel`: `n_averaged`, and averages and buffers as
  /// in `module.0.weight`. The tensors share the average's memory, so that a checkpoint can be read into them.
  public func stateDictionary() -> [(name: String, tensor: Tensor)] {
    [("n_averaged", count)] + (parameters + buffers).map { ("module.\($0.name)", $0.average) }
  }

  /// Continues from a copy of what ``stateDictionary()`` gave.
  ///
  /// - Throws: ``StateDictionaryError`` when entries are missing, unexpected or misshapen; nothing is changed then.
  public func load(stateDictionary: [(name: String, tensor: Tensor)]) throws {
    precondition(!isInUse, "an average of weights was loaded while the model had it in place of its own")
    let own = self.stateDictionary()
    let entries = own.map { StateEntry($0.name, $0.tensor.shape, $0.tensor.dtype) }
    let found = try StateEntry.match(entries, with: stateDictionary, strict: true).found
    // The count is the first entry.
    if let refusal = found[0].flatMap({ count.refusal(of: $0) }) { throw StateDictionaryError(mismatched: [refusal]) }
    for case ((_, let target), let source?) in zip(own, found) { target.replaceElements(by: source) }
  }
}

/// The number of updates of an average, an `int64` scalar that a checkpoint can be read into.
package final class UpdateCount: Tensor {
  fileprivate init() { super.init(sharing: Tensor(0)) }

  /// Why a scalar is no number of updates, or nil where it is one.
  package func refusal(of value: Tensor) -> String? {
    let updates = value.array(of: Int64.self)[0]
    return (0..<1 << 53).contains(updates) ? nil : "n_averaged is \(updates), expected a number of updates"
  }
}
