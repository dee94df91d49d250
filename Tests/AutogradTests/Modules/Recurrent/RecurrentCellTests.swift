import Autograd
import TestSupport
import Testing

/// Cells of recurrent networks, one place a call.
@Suite struct RecurrentCellTests {
  private func expectSame(_ a: Tensor, _ b: Tensor, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(a.shape == b.shape, sourceLocation: sourceLocation)
    for (x, y) in zip(a.array(of: Double.self), b.array(of: Double.self)) {
      #expect(abs(x - y) < 1e-6, sourceLocation: sourceLocation)
    }
  }

  /// The same seed gives a cell and a network the same parameters.
  @Test func placeByPlaceIsTheSequence() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let x = Tensor.randn([2, 5, 3], generator: RandomGenerator(seed: 1)).to(device)
      let lstm = LSTM(3, 4, generator: RandomGenerator(seed: 2)).to(device)
      let lstmCell = LSTMCell(3, 4, generator: RandomGenerator(seed: 2)).to(device)
      var state: LSTM.State?
      for place in 0..<5 { state = lstmCell(x[0..., place], state: state) }
      let (output, end) = lstm(x, state: nil)
      expectSame(try #require(state).hidden, output[0..., -1])
      expectSame(try #require(state).cell, end.cell[0])
      let gru = GRU(3, 4, generator: RandomGenerator(seed: 2)).to(device)
      let gruCell = GRUCell(3, 4, generator: RandomGenerator(seed: 2)).to(device)
      expectSame((0..<5).reduce(Tensor?.none) { gruCell(x[0..., $1], state: $0) }!, gru(x)[0..., -1])
      let rnn = RNN(3, 4, generator: RandomGenerator(seed: 2)).to(device)
      let rnnCell = RNNCell(3, 4, generator: RandomGenerator(seed: 2)).to(device)
      expectSame((0..<5).reduce(Tensor?.none) { rnnCell(x[0..., $1], state: $0) }!, rnn(x)[0..., -1])
    }
  }

  @Test func emptyBatches() {
    #expect(LSTMCell(2, 3)(.ones([0, 2])).cell.shape == [0, 3] && GRUCell(2, 3)(.ones([0, 2])).shape == [0, 3])
  }

  @Test func parametersMove() {
    let cell = GRUCell(2, 3)
    cell.convert(to: .float64)
    #expect(cell.parameters.count == 4 && cell.parameters.allSatisfy { $0.dtype == .float64 })
  }

  @Test func whatIsRefused() async {
    let input = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LSTMCell(3, 4)(.ones([2, 2]))
    }
    expect(input, says: "LSTMCell: shape [2, 2] in float32, expected [N, 3] or [3] in float32")
    let state = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = GRUCell(3, 4)(.ones([2, 3]), state: .ones([4]))
    }
    expect(state, says: "GRUCell: a state of shape [4] in float32 on cpu, expected [2, 4] in float32 on cpu")
    let sizes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = GRUCell(3, 0) }
    expect(sizes, says: "a recurrent cell from 3 to 0 values: sizes must be positive")
  }
}
