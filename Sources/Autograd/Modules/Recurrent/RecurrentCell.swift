/// Layers that go over a sequence one place a call: what ``LSTMCell``, ``GRUCell`` and ``RNNCell`` have in common.
///
/// Parameters have PyTorch's names: `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`.
public class RecurrentCell: Module, CustomReflectable {
  private let cell: RecurrentNetwork.Cell
  private let pass: RecurrentNetwork.Pass

  init(
    _ cell: RecurrentNetwork.Cell, _ inputs: Int, _ hidden: Int, bias: Bool, dtype: DataType,
    generator: RandomGenerator?
  ) {
    precondition(
      inputs > 0 && hidden > 0, "a recurrent cell from \(inputs) to \(hidden) values: sizes must be positive")
    self.cell = cell
    pass = RecurrentNetwork.Pass(of: cell, inputs, hidden, bias: bias, dtype: dtype, generator: generator)
  }

  /// The parameters by PyTorch's names.
  public var customMirror: Mirror {
    let children = pass.parameters.map { name, parameter -> Mirror.Child in (name, parameter) }
    return Mirror(self, children: children, ancestorRepresentation: .suppressed)
  }

  /// The state after a place.
  ///
  /// - Parameters:
  ///   - x: [N, inputs], or [inputs] of one sequence.
  ///   - state: The tensors before it, [N, hidden] each, or [hidden] of one sequence; 0 if left out.
  func step(_ x: Tensor, from state: [Tensor]?) -> [Tensor] {
    let weight = pass.inputWeight
    let (inputs, hidden) = (weight.shape[1], pass.stateWeight.shape[1])
    precondition(
      (1...2).contains(x.rank) && x.shape.last == inputs && x.dtype == weight.dtype,
      "\(type(of: self)): shape \(x.shape) in \(x.dtype), expected [N, \(inputs)] or [\(inputs)] in \(weight.dtype)")
    let expected = Array(x.shape.dropLast()) + [hidden]
    let start = state ?? (0..<cell.stateCount).map { _ in .zeros(expected, dtype: x.dtype, device: x.device) }
    for tensor in start {
      precondition(
        tensor.shape == expected && tensor.dtype == x.dtype && tensor.device == x.device,
        "\(type(of: self)): a state of shape \(tensor.shape) in \(tensor.dtype) on \(tensor.device), expected "
          + "\(expected) in \(x.dtype) on \(x.device)")
    }
    let rows = x.rank == 2 ? x.shape[0] : 1
    let before = start.map { $0.reshaped([rows, hidden]) }
    return cell.run(x.reshaped([1, rows, inputs]), before, pass, nil).state.map { $0.reshaped(expected) }
  }
}
