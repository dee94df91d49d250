/// Layers that go over sequences place by place and keep a state from one to the next: what ``LSTM``, ``GRU`` and ``RNN``
/// have in common.
///
/// Where a training loop carries a state from one batch to the next, its `Replica` must be made without `recordsSteps`: a
/// step that a GPU repeats as it was recorded sees no other state.
///
/// Parameters have PyTorch's names: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, those of the next layer
/// with `l1`, and those of the way back with `l0_reverse`.
public class RecurrentNetwork: Module, Layer, CustomReflectable {
  /// One layer in one direction.
  struct Pass {
    var isReversed: Bool
    /// From the input, [gates · hidden, inputs].
    let inputWeight: Parameter
    /// From the state, [gates · hidden, hidden].
    let stateWeight: Parameter
    let inputBias: Parameter?
    let stateBias: Parameter?

    /// With PyTorch's initial values, drawn in its order.
    init(
      of cell: Cell, _ inputs: Int, _ hidden: Int, isReversed: Bool = false, bias: Bool, dtype: DataType,
      generator: RandomGenerator?
    ) {
      func parameter(_ shape: [Int]) -> Parameter {
        Parameter(.fanInUniform(shape, fanIn: hidden, dtype: dtype, generator: generator))
      }
      let gates = cell.gateCount * hidden
      self.isReversed = isReversed
      inputWeight = parameter([gates, inputs])
      stateWeight = parameter([gates, hidden])
      inputBias = bias ? parameter([gates]) : nil
      stateBias = bias ? parameter([gates]) : nil
    }

    /// By PyTorch's names, without the number of the layer.
    var parameters: [(name: String, parameter: Parameter)] {
      [
        ("weight_ih", inputWeight), ("weight_hh", stateWeight), ("bias_ih", inputBias), ("bias_hh", stateBias),
      ].compactMap { name, parameter in parameter.map { (name, $0) } }
    }
  }

  /// What the layers are made of.
  struct Cell: Sendable {
    /// The parts of hidden size that inputs and states are mapped to.
    let gateCount: Int
    /// The number of tensors that make up a state, each [N, hidden].
    let stateCount: Int
    /// The outputs of all places, [L, N, hidden], and the state in the end, of each sequence its own where there are
    /// lengths and the pass is not reversed: from the inputs, [L, N, inputs], and the state at the start.
    let run:
      @Sendable (_ input: Tensor, _ state: [Tensor], _ pass: Pass, _ lengths: SequenceLengths?) -> (
        outputs: Tensor, state: [Tensor]
      )
  }

  private let cell: Cell
  /// The directions of each layer.
  private let layers: [[Pass]]
  private let hidden: Int
  private let dropout: Double

  init(
    _ cell: Cell, _ inputs: Int, _ hidden: Int, layers: Int, bias: Bool, dropout: Double, bidirectional: Bool,
    dtype: DataType, generator: RandomGenerator?
  ) {
    precondition(
      inputs > 0 && hidden > 0 && layers > 0 && (0...1).contains(dropout),
      "a recurrent network from \(inputs) to \(hidden) values in \(layers) layers with dropout of \(dropout): sizes and "
        + "layers must be positive, and dropout from 0 to 1")
    self.cell = cell
    self.hidden = hidden
    self.dropout = dropout
    let directions = bidirectional ? [false, true] : [false]
    self.layers = (0..<layers).map { layer in
      directions.map { isReversed in
        Pass(
          of: cell, layer == 0 ? inputs : hidden * directions.count, hidden, isReversed: isReversed, bias: bias,
          dtype: dtype, generator: generator)
      }
    }
  }

  /// The parameters by PyTorch's names.
  public var customMirror: Mirror {
    let children = layers.enumerated().flatMap { index, directions in
      directions.flatMap { pass in
        pass.parameters.map { name, parameter -> Mirror.Child in
          ("\(name)_l\(index)\(pass.isReversed ? "_reverse" : "")", parameter)
        }
      }
    }
    return Mirror(self, children: children, ancestorRepresentation: .suppressed)
  }

  /// The outputs of the last layer: [N, L, inputs] → [N, L, hidden], or [N, L, 2 · hidden] in both directions. The states
  /// before are 0.
  public func callAsFunction(_ x: Tensor) -> Tensor { run(x, from: nil).output }

  /// Goes over a sequence.
  ///
  /// - Parameters:
  ///   - x: [N, L, inputs].
  ///   - lengths: The places of each sequence; all have L if left out.
  ///   - state: Its tensors at the start, [layers · directions, N, hidden] each; 0 if left out.
  /// - Returns: The outputs of the last layer, 0 after a sequence's end, and the states in the sequences' ends.
  func run(_ x: Tensor, lengths: [Int]? = nil, from state: [Tensor]?) -> (output: Tensor, state: [Tensor]) {
    let weight = layers[0][0].inputWeight, inputs = weight.shape[1]
    precondition(
      x.rank == 3 && x.shape[1] > 0 && x.shape[2] == inputs,
      "\(type(of: self)): shape \(x.shape), expected [N, L, \(inputs)] of at least one place")
    precondition(
      x.dtype == weight.dtype, "\(type(of: self)): an input of \(x.dtype) with parameters of \(weight.dtype)")
    let expected = [layers.count * layers[0].count, x.shape[0], hidden]
    let start =
      state ?? (0..<cell.stateCount).map { _ in .zeros(expected, dtype: x.dtype, device: x.device) }
    for tensor in start {
      precondition(
        tensor.shape == expected && tensor.dtype == x.dtype && tensor.device == x.device,
        "\(type(of: self)): a state of shape \(tensor.shape) in \(tensor.dtype) on \(tensor.device), expected "
          + "\(expected) in \(x.dtype) on \(x.device)")
    }
    precondition(
      lengths.map { $0.count == x.shape[0] && $0.allSatisfy { (1...x.shape[1]).contains($0) } } ?? true,
      "\(type(of: self)): lengths \(lengths ?? []), expected \(x.shape[0]) from 1 to \(x.shape[1])")
    let lengths = lengths.map { SequenceLengths($0, placeCount: x.shape[1], device: x.device) }
    // Places come first, so that each is one piece of memory.
    var outputs = x.transposed(0, 1)
    if let lengths { outputs = lengths.cleared(outputs) }
    var ends: [[Tensor]] = []
    for (index, directions) in layers.enumerated() {
      let input = index == 0 ? outputs : outputs.dropout(probability: dropout, training: isTraining)
      let results = directions.map { pass in
        let (outputs, end) = run(pass, input, lengths, from: start.map { $0.selected(ends.count) })
        ends.append(end)
        return outputs
      }
      outputs = results.count == 1 ? results[0] : .concatenated(results, dimension: 2)
    }
    return (outputs.transposed(0, 1), (0..<cell.stateCount).map { i in .stacked(ends.map { $0[i] }) })
  }

  /// The outputs of one layer in one direction, and the state in the end.
  private func run(
    _ pass: Pass, _ input: Tensor, _ lengths: SequenceLengths?, from state: [Tensor]
  ) -> (outputs: Tensor, state: [Tensor]) {
    guard let lengths else { return cell.run(input, state, pass, nil) }
    var forward = pass
    forward.isReversed = false
    let (outputs, end) = cell.run(pass.isReversed ? lengths.reversed(input) : input, state, forward, lengths)
    return (lengths.cleared(pass.isReversed ? lengths.reversed(outputs) : outputs), end)
  }
}
