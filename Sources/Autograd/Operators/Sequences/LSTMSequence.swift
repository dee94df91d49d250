extension Tensor {
  /// An ``LSTM``'s way over a sequence, with what the inputs add to the gates i, f, g, o as this tensor,
  /// [L, N, 4 · hidden]. Each place computes from the output and the cell of the place before:
  ///
  ///     i, f, g, o = gates + output · weightᵀ
  ///     cell' = σ(f) · cell + σ(i) · tanh(g),  output' = σ(o) · tanh(cell')
  ///
  /// It is one operation, so that the weight's gradient is one product over all places.
  ///
  /// - Parameters:
  ///   - weight: [4 · hidden, hidden].
  ///   - output: [N, hidden], before the first place.
  ///   - cell: The same.
  ///   - isReversed: Whether the last place is the first to be computed.
  /// - Returns: Outputs and cells, [2, L + 1, N, hidden]: those of the places in their order and, before the first of them
  ///   that is computed, those at the start.
  package func lstm(_ weight: Tensor, output: Tensor, cell: Tensor, isReversed: Bool) -> Tensor {
    let gates = self
    let sequence = LSTMSequence(length: shape[0], rows: shape[1], hidden: weight.shape[1], isReversed: isReversed)
    let states = Tensor(uninitialized: sequence.shape, dtype: dtype, device: device)
    sequence.start(states, 0).assign(output)
    sequence.start(states, 1).assign(cell)
    let activated = gates.ownedCopy()
    let product = sequence.product
    let factor = backend.factor(weight, of: product)
    for place in sequence.order {
      let gates = sequence.gates(activated, place)
      backend.matrixProduct(product, sequence.before(place, states, 0), factor, into: gates, adding: true)
      backend.lstmCell(
        gates, cell: sequence.before(place, states, 1), output: sequence.after(place, states, 0),
        next: sequence.after(place, states, 1))
    }
    let result = states.detached()
    return states.recorded(
      as: "ThnnFusedLstmCellBackward0", from: [gates, weight, output, cell], saving: [gates, weight, states]
    ) { gradient, inputs in
      if isGradEnabled {
        sequence.giveRecorded(gradient, inputs.output(result), gates: gates, weight: weight, to: inputs)
      } else {
        sequence.give(gradient, result, activated: activated, weight: weight, factor: factor, to: inputs)
      }
    }
  }
}

/// The places of a sequence, in the order in which they are computed, and what belongs to each.
private struct LSTMSequence {
  let length: Int
  let rows: Int
  let hidden: Int
  let isReversed: Bool

  /// Of the states.
  var shape: [Int] { [2, length + 1, rows, hidden] }

  var order: [Int] { isReversed ? (0..<length).reversed() : Array(0..<length) }

  /// Where the states before the places begin; those after them begin at the other end.
  private var first: Int { isReversed ? 1 : 0 }

  /// Of a place's state and the weight.
  var product: MatrixProduct {
    MatrixProduct(rows: rows, columns: 4 * hidden, inner: hidden, transposesSecond: true)
  }

  func gates(_ all: Tensor, _ place: Int) -> Tensor {
    all.part(at: place * rows * 4 * hidden, shape: [rows, 4 * hidden])
  }

  /// The outputs, of `kind` 0, or cells, 1, which a place starts from, in an array of the shape of the states.
  func before(_ place: Int, _ states: Tensor, _ kind: Int) -> Tensor { part(states, kind, place + first) }

  /// Those that a place computes.
  func after(_ place: Int, _ states: Tensor, _ kind: Int) -> Tensor { part(states, kind, place + 1 - first) }

  /// Those at the start.
  func start(_ states: Tensor, _ kind: Int) -> Tensor { part(states, kind, isReversed ? length : 0) }

  private func part(_ states: Tensor, _ kind: Int, _ index: Int) -> Tensor {
    states.part(at: (kind * (length + 1) + index) * rows * hidden, shape: [rows, hidden])
  }

  /// Gives the gradients of gates, weight, output and cell, from those of all states.
  func give(
    _ gradient: Tensor, _ states: Tensor, activated: Tensor, weight: Tensor, factor: Tensor, to inputs: GradientSink
  ) {
    let backend = gradient.backend
    let ofGates = activated.uninitializedLike()
    // What reaches a state is its own gradient, and what flows back through the place that starts from it.
    let flow = gradient.ownedCopy()
    let product = MatrixProduct(rows: rows, columns: hidden, inner: 4 * hidden)
    let factor = factor.unlessRounded(from: weight)
    for place in order.reversed() {
      let ofPlace = gates(ofGates, place)
      backend.lstmCellGradient(
        after(place, flow, 0), after(place, flow, 1), gates: gates(activated, place), cell: before(place, states, 1),
        next: after(place, states, 1), ofGates: ofPlace, addingTo: before(place, flow, 1))
      backend.matrixProduct(product, ofPlace, factor, into: before(place, flow, 0), adding: true)
    }
    inputs.write(1, shape: weight.shape, dtype: weight.dtype, device: weight.device) { destination, adding in
      let outputs = states.part(at: first * rows * hidden, shape: [length * rows, hidden])
      backend.matrixProduct(
        MatrixProduct(rows: 4 * hidden, columns: hidden, inner: length * rows, transposesFirst: true), ofGates, outputs,
        into: destination, adding: adding)
    }
    inputs.give(0, ofGates)
    inputs.add(2, start(flow, 0))
    inputs.add(3, start(flow, 1))
  }

  /// The same as operations that can be differentiated again.
  func giveRecorded(
    _ gradient: Tensor, _ states: Tensor, gates: Tensor, weight: Tensor, to inputs: GradientSink
  ) {
    let end = isReversed ? 0 : length
    var (ofOutput, ofCell) = (gradient[0, end], gradient[1, end])
    var ofGates: [Tensor] = []
    for place in order.reversed() {
      let (output, cell) = (states[0, place + first], states[1, place + first])
      let parts = (gates[place] + output.linear(weight)).split(hidden, along: 1)
      let (input, forget, outward) = (parts[0].sigmoid(), parts[1].sigmoid(), parts[3].sigmoid())
      let candidate = parts[2].tanh()
      let bent = states[1, place + 1 - first].tanh()
      let slope = ofCell + ofOutput * outward * (1 - bent * bent)
      let ofPlace = Tensor.concatenated(
        [
          slope * candidate * (1 - input) * input, slope * cell * (1 - forget) * forget,
          slope * input * (1 - candidate * candidate), ofOutput * bent * (1 - outward) * outward,
        ], dimension: 1)
      ofGates.append(ofPlace)
      ofOutput = gradient[0, place + first] + ofPlace.matmul(weight)
      ofCell = gradient[1, place + first] + slope * forget
    }
    let all = Tensor.stacked(isReversed ? ofGates : ofGates.reversed())
    let outputs = states[0, first..<first + length].reshaped([length * rows, hidden])
    inputs.add(0, all)
    inputs.add(1, all.reshaped([length * rows, 4 * hidden]).transposed().matmul(outputs))
    inputs.add(2, ofOutput)
    inputs.add(3, ofCell)
  }
}
