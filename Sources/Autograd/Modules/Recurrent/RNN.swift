/// A recurrent network of the plain kind, as `torch.nn.RNN(batch_first=True)` (J. Elman, Cognitive Science 14, 1990).
///
///     h = tanh(W x + b + U h + c), or max(0, W x + b + U h + c)
public final class RNN: OutputStateNetwork {
  /// What sums become outputs by.
  public enum Activation: Sendable {
    /// The hyperbolic tangent.
    case tanh
    /// max(x, 0).
    case relu
  }

  static func cell(_ activation: Activation) -> Cell {
    Cell(gateCount: 1) { fromInput, state, pass in
      let sum = fromInput + state.linear(pass.stateWeight, bias: pass.stateBias)
      return switch activation {
      case .tanh: sum.tanh()
      case .relu: sum.relu()
      }
    }
  }

  /// A network with PyTorch's initial values: uniform between ±1/√hidden.
  ///
  /// - Parameters:
  ///   - inputs: The size of the last dimension of the input.
  ///   - hidden: The size of the state, and of the output for each direction.
  ///   - layers: Each takes the outputs of the one before.
  ///   - activation: PyTorch's `nonlinearity`.
  ///   - bias: Whether there are biases.
  ///   - dropout: The probability of an output being dropped between layers while training.
  ///   - bidirectional: Whether each layer goes over the sequence from the end, too.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ inputs: Int, _ hidden: Int, layers: Int = 1, activation: Activation = .tanh, bias: Bool = true,
    dropout: Double = 0, bidirectional: Bool = false, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    super.init(
      Self.cell(activation), inputs, hidden, layers: layers, bias: bias, dropout: dropout,
      bidirectional: bidirectional, dtype: dtype, generator: generator)
  }
}
