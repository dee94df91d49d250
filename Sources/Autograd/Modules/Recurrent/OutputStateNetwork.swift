/// Recurrent networks whose state is their output: what ``GRU`` and ``RNN`` have in common.
public class OutputStateNetwork: RecurrentNetwork {
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

extension RecurrentNetwork.Cell {
  /// A cell whose output, [N, hidden], is its state: `next` gives it from what the input is mapped to by its weight and
  /// bias, [N, gates · hidden], and from the output before.
  init(
    gateCount: Int,
    _ next: @escaping @Sendable (_ fromInput: Tensor, _ state: Tensor, _ pass: RecurrentNetwork.Pass) -> Tensor
  ) {
    self.init(gateCount: gateCount, stateCount: 1) { input, state, pass, lengths in
      let fromInputs = input.linear(pass.inputWeight, bias: pass.inputBias)
      var state = state[0]
      var outputs: [Tensor] = []
      for place in 0..<input.shape[0] {
        state = next(fromInputs.selected(pass.isReversed ? -1 - place : place), state, pass)
        outputs.append(state)
      }
      let all = Tensor.stacked(pass.isReversed ? outputs.reversed() : outputs)
      return (all, [lengths.map { $0.last(of: all) } ?? state])
    }
  }
}
