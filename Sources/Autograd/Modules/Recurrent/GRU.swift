/// Gated recurrent units, as `torch.nn.GRU(batch_first=True)` (K. Cho et al., arXiv:1406.1078).
///
///     r, z = σ(W x + b + U h + c),  n = tanh(W x + b + r · (U h + c))
///     h = (1 − z) · n + z · h
public final class GRU: OutputStateNetwork {
  static let cell = Cell(gateCount: 3) { fromInput, state, pass in
    let hidden = state.shape[1]
    let fromState = state.linear(pass.stateWeight, bias: pass.stateBias)
    let gates = (fromInput[0..., 0..<2 * hidden] + fromState[0..., 0..<2 * hidden]).sigmoid()
    let (reset, update) = (gates[0..., 0..<hidden], gates[0..., hidden...])
    let new = (fromInput[0..., (2 * hidden)...] + reset * fromState[0..., (2 * hidden)...]).tanh()
    return new + update * (state - new)
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
}
