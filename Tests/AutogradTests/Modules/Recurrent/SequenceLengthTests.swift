import Autograd
import TestSupport
import Testing

/// Recurrent networks over sequences of different lengths, beyond the fixtures.
struct SequenceLengthTests {
  private let x = Tensor.randn([3, 5, 2], dtype: .float64, generator: RandomGenerator(seed: 2))
  private let lengths = [2, 5, 3]

  private func expectSame(_ found: Tensor, _ expected: Tensor, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(found.shape == expected.shape, sourceLocation: sourceLocation)
    for (a, b) in zip(found.array(of: Double.self), expected.array(of: Double.self)) {
      #expect(abs(a - b) < 1e-12, "\(a) instead of \(b)", sourceLocation: sourceLocation)
    }
  }

  @Test func `each sequence is as one by itself`() {
    let lstm = LSTM(2, 3, layers: 2, bidirectional: true, dtype: .float64, generator: RandomGenerator(seed: 1))
    let gru = GRU(2, 3, layers: 2, bidirectional: true, dtype: .float64, generator: RandomGenerator(seed: 1))
    let (output, state) = lstm(x, lengths: lengths)
    let (gruOutput, gruState) = gru(x, lengths: lengths)
    for (index, length) in lengths.enumerated() {
      let alone = x[index..<index + 1, 0..<length]
      let (expected, end) = lstm(alone, state: nil)
      expectSame(output[index..<index + 1, 0..<length], expected)
      expectSame(state.hidden[0..., index..<index + 1], end.hidden)
      expectSame(state.cell[0..., index..<index + 1], end.cell)
      let (gruExpected, gruEnd) = gru(alone, state: nil)
      expectSame(gruOutput[index..<index + 1, 0..<length], gruExpected)
      expectSame(gruState[0..., index..<index + 1], gruEnd)
      #expect(output[index, length...].array(of: Double.self).allSatisfy { $0 == 0 })
      #expect(gruOutput[index, length...].array(of: Double.self).allSatisfy { $0 == 0 })
    }
  }

  @Test func `what lies after an end is not looked at and gets no gradient`() throws {
    let networks: [RecurrentNetwork] = [
      LSTM(2, 3, bidirectional: true, dtype: .float64), GRU(2, 3, dtype: .float64),
      RNN(2, 3, bidirectional: true, dtype: .float64),
    ]
    for network in networks {
      func output(_ x: Tensor) -> Tensor {
        (network as? LSTM)?(x, lengths: lengths).output ?? (network as? OutputStateNetwork)!(x, lengths: lengths).output
      }
      let strange = x.cloned()
      try strange[0, 2...].fill(.nan)
      strange.requiresGrad = true
      let found = output(strange)
      #expect(found.array(of: Double.self) == output(x).array(of: Double.self))
      try found.sum().backward()
      let gradient = try #require(strange.grad)
      #expect(gradient[0, 2...].array(of: Double.self).allSatisfy { $0 == 0 })
      #expect(gradient.array(of: Double.self).allSatisfy { $0.isFinite })
      #expect(network.parameters.allSatisfy { $0.grad?.array(of: Double.self).allSatisfy { $0.isFinite } ?? false })
    }
  }

  @Test func `lengths of other sequences trap`() async {
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LSTM(2, 3)(.ones([2, 4, 2]), lengths: [4])
    }
    expect(count, says: "LSTM: lengths [4], expected 2 from 1 to 4")
    let size = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = GRU(2, 3)(.ones([2, 4, 2]), lengths: [0, 5])
    }
    expect(size, says: "GRU: lengths [0, 5], expected 2 from 1 to 4")
  }
}
