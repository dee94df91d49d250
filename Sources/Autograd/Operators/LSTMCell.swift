extension Tensor {
  /// One place of an ``LSTM``, with the gates i, f, g, o as this tensor, [N, 4 · hidden], before their functions:
  ///
  ///     cell' = σ(f) · cell + σ(i) · tanh(g),  output = σ(o) · tanh(cell')
  ///
  /// - Parameter cell: [N, hidden].
  /// - Returns: The output and the cell, [N, hidden] each.
  func lstmCell(_ cell: Tensor) -> (output: Tensor, cell: Tensor) {
    let gates = self
    let activated = gates.uninitializedLike()
    let both = Tensor(uninitialized: [2] + cell.shape, dtype: dtype, device: device)
    backend.lstmCell(gates, cell: cell, activated: activated, into: both)
    let result = both.detached()
    let recorded = both.recorded(
      as: "ThnnFusedLstmCellBackward0", from: [gates, cell], saving: [gates, cell, both]
    ) { gradient, inputs in
      guard !isGradEnabled else {
        let parts = gates.split(cell.shape[1], along: 1)
        let (input, forget, outward) = (parts[0].sigmoid(), parts[1].sigmoid(), parts[3].sigmoid())
        let candidate = parts[2].tanh()
        let bent = (forget * cell + input * candidate).tanh()
        let slope = gradient[1] + gradient[0] * outward * (1 - bent * bent)
        inputs.add(
          0,
          .concatenated(
            [
              slope * candidate * (1 - input) * input, slope * cell * (1 - forget) * forget,
              slope * input * (1 - candidate * candidate), gradient[0] * bent * (1 - outward) * outward,
            ], dimension: 1))
        return inputs.add(1, slope * forget)
      }
      let (ofGates, ofCell) = (gates.uninitializedLike(), cell.uninitializedLike())
      gates.backend.lstmCellGradient(
        gradient, cell: cell, activated: activated, result: result, ofGates: ofGates, ofCell: ofCell)
      inputs.give(0, ofGates)
      inputs.give(1, ofCell)
    }
    return (recorded[0], recorded[1])
  }
}
