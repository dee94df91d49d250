/// One place of a ``GRU``, as `torch.nn.GRUCell`: for loops in which what comes next depends on what came out.
public final class GRUCell: RecurrentCell {
  /// A cell with PyTorch's initial values: uniform between ±1/√hidden.
  ///
  /// - Parameters:
  ///   - inputs: The size of the last dimension of the input.
  ///   - hidden: The size of the state, which is the output.
  ///   - bias: Whether there are biases.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ inputs: Int, _ hidden: Int, bias: Bool = true, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    super.init(GRU.cell, inputs, hidden, bias: bias, dtype: dtype, generator: generator)
  }

  /// The output after a place.
  ///
  /// - Parameters:
  ///   - x: [N, inputs], or [inputs] of one sequence.
  ///   - state: The output before it, [N, hidden], or [hidden] of one sequence; zeros if `nil`.
  public func callAsFunction(_ x: Tensor, state: Tensor? = nil) -> Tensor { step(x, from: state.map { [$0] })[0] }
}
