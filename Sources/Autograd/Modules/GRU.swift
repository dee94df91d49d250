/// Gated recurrent units, as `torch.nn.GRU(batch_first=True)` (K. Cho et al., arXiv:1406.1078).
///
///     r, z = σ(W x + b + U h + c),  n = tanh(W x + b + r · (U h + c))
///     h = (1 − z) · n + z · h
public final class GRU: RecurrentNetwork {
  static let cell = Cell(gateCount: 3, stateCount: 1) { input, state, pass, lengths in
    let fromInputs = input.linear(pass.inputWeight, bias: pass.inputBias)
    let hidden = pass.stateWeight.shape[1]
    var state = state[0]
    var outputs: [Tensor] = []
    for place in 0..<input.shape[0] {
      let fromInput = fromInputs.selected(pass.isReversed ? -1 - place : place)
      let fromState = state.linear(pass.stateWeight, bias: pass.stateBias)
      let gates = (fromInput[0..., 0..<2 * hidden] + fromState[0..., 0..<2 * hidden]).sigmoid()
      let (reset, update) = (gates[0..., 0..<hidden], gates[0..., hidden...])
      let new = (fromInput[0..., (2 * hidden)...] + reset * fromState[0..., (2 * hidden)...]).tanh()
      state = new + update * (state - new)
      outputs.append(state)
    }
    let all = Tensor.stacked(pass.isReversed ? outputs.reversed() : outputs)
    return (all, [lengths.map { $0.last(of: all) } ?? state])
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
  ///   - state: The outputs of each layer and direction at the start, [layers · directions, N, hidden]; zeros if `nil`.
  /// - Returns: The outputs of the last layer, [N, L, directions · hidden], and the state after the last place.
  public func callAsFunction(_ x: Tensor, state: Tensor?) -> (output: Tensor, state: Tensor) {
    let (output, end) = run(x, from: state.map { [$0] })
    return (output, end[0])
  }

  /// Goes over sequences of different lengths, as over PyTorch's `pack_padded_sequence(enforce_sorted=False)`: what lies
  /// after a sequence's end is not looked at, and the way back begins at each sequence's own end.
  ///
  /// - Parameters:
  ///   - x: [N, L, inputs].
  ///   - lengths: The places of each sequence, from 1 to L.
  ///   - state: The outputs of each layer and direction at the start, [layers · directions, N, hidden]; zeros if `nil`.
  /// - Returns: The outputs of the last layer, [N, L, directions · hidden], 0 after a sequence's end, and the state after
  ///   each sequence's last place.
  public func callAsFunction(_ x: Tensor, lengths: [Int], state: Tensor? = nil) -> (output: Tensor, state: Tensor) {
    let (output, end) = run(x, lengths: lengths, from: state.map { [$0] })
    return (output, end[0])
  }
}
