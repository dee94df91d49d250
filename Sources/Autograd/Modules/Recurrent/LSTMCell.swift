/// One place of an ``LSTM``, as `torch.nn.LSTMCell`: for loops in which what comes next depends on what came out.
public final class LSTMCell: RecurrentCell {
  /// A cell with PyTorch's initial values: uniform between ±1/√hidden.
  ///
  /// - Parameters:
  ///   - inputs: The size of the last dimension of the input.
  ///   - hidden: The size of the state.
  ///   - bias: Whether there are biases.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ inputs: Int, _ hidden: Int, bias: Bool = true, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    super.init(LSTM.cell, inputs, hidden, bias: bias, dtype: dtype, generator: generator)
  }

  /// The output, as `hidden`, and the cell after a place.
  ///
  /// - Parameters:
  ///   - x: [N, inputs], or [inputs] of one sequence.
  ///   - state: Those before it, [N, hidden] each, or [hidden] of one sequence; zeros if `nil`.
  public func callAsFunction(_ x: Tensor, state: LSTM.State? = nil) -> LSTM.State {
    let next = step(x, from: state.map { [$0.hidden, $0.cell] })
    return LSTM.State(hidden: next[0], cell: next[1])
  }
}
