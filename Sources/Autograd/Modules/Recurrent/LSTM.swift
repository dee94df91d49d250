/// Long short-term memory, as `torch.nn.LSTM(batch_first=True)` (S. Hochreiter, J. Schmidhuber, Neural Computation 9,
/// 1997; with the forget gate of F. Gers et al., 2000).
///
///     i, f, o = σ(W x + b + U h + c),  g = tanh(W x + b + U h + c)
///     cell = f · cell + i · g,  h = o · tanh(cell)
public final class LSTM: RecurrentNetwork {
  /// What the network remembers.
  public struct State {
    /// The outputs of each layer and direction, [layers · directions, N, hidden]; of an ``LSTMCell`` [N, hidden].
    public let hidden: Tensor
    /// Their cells, of the same shape.
    public let cell: Tensor

    /// A state to begin with.
    public init(hidden: Tensor, cell: Tensor) { (self.hidden, self.cell) = (hidden, cell) }
  }

  static let cell = Cell(gateCount: 4, stateCount: 2) { input, state, pass, lengths in
    // Both biases are added to the same sums.
    let bias = pass.inputBias.flatMap { bias in pass.stateBias.map { bias + $0 } }
    let states = input.linear(pass.inputWeight, bias: bias).lstm(
      pass.stateWeight, output: state[0], cell: state[1], isReversed: pass.isReversed)
    if let lengths {
      let (outputs, cells) = (states[0, 1...], states[1, 1...])
      return (outputs, [lengths.last(of: outputs), lengths.last(of: cells)])
    }
    let length = input.shape[0], end = pass.isReversed ? 0 : length
    return (pass.isReversed ? states[0, ..<length] : states[0, 1...], [states[0, end], states[1, end]])
  }

  /// A network with PyTorch's initial values: uniform between ±1/√hidden.
  ///
  /// - Parameters:
  ///   - inputs: The size of the last dimension of the input.
  ///   - hidden: The size of the state, and of the output for each direction.
  ///   - layers: Each takes the outputs of the one before.
  ///   - bias: Whether there are biases.
  ///   - dropout: The probability of an output being dropped between layers while training.
  ///   - bidirectional: Whether each layer goes over the sequence from the end, too.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ inputs: Int, _ hidden: Int, layers: Int = 1, bias: Bool = true, dropout: Double = 0, bidirectional: Bool = false,
    dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    super.init(
      Self.cell, inputs, hidden, layers: layers, bias: bias, dropout: dropout, bidirectional: bidirectional,
      dtype: dtype, generator: generator)
  }

  /// Goes over a sequence and tells the state in the end.
  ///
  /// - Parameters:
  ///   - x: [N, L, inputs].
  ///   - state: At the start; zeros if `nil`.
  /// - Returns: The outputs of the last layer, [N, L, directions · hidden], and the state after the last place.
  public func callAsFunction(_ x: Tensor, state: State?) -> (output: Tensor, state: State) {
    let (output, end) = run(x, from: state.map { [$0.hidden, $0.cell] })
    return (output, State(hidden: end[0], cell: end[1]))
  }

  /// Goes over sequences of different lengths, as over PyTorch's `pack_padded_sequence(enforce_sorted=False)`: what lies
  /// after a sequence's end is not looked at, and the way back begins at each sequence's own end.
  ///
  /// - Parameters:
  ///   - x: [N, L, inputs].
  ///   - lengths: The places of each sequence, from 1 to L.
  ///   - state: At the start; zeros if `nil`.
  /// - Returns: The outputs of the last layer, [N, L, directions · hidden], 0 after a sequence's end, and the state after
  ///   each sequence's last place.
  public func callAsFunction(_ x: Tensor, lengths: [Int], state: State? = nil) -> (output: Tensor, state: State) {
    let (output, end) = run(x, lengths: lengths, from: state.map { [$0.hidden, $0.cell] })
    return (output, State(hidden: end[0], cell: end[1]))
  }
}
