import CKernels

extension CPUBackend {
  func lstmCell(_ gates: Tensor, cell: Tensor, output: Tensor, next: Tensor) {
    let (rows, hidden) = (cell.shape[0], cell.shape[1])
    switch gates.dtype {
    case .float32:
      dt_lstm_cell_f32(rows, hidden, gates.pointer(), cell.pointer(), output.pointer(), next.pointer())
    case .float64:
      dt_lstm_cell_f64(rows, hidden, gates.pointer(), cell.pointer(), output.pointer(), next.pointer())
    default: unsupported("LSTM", gates.dtype)
    }
  }

  func lstmCellGradient(
    _ ofOutput: Tensor, _ ofNext: Tensor, gates: Tensor, cell: Tensor, next: Tensor, ofGates: Tensor,
    addingTo ofCell: Tensor
  ) {
    let (rows, hidden) = (cell.shape[0], cell.shape[1])
    switch gates.dtype {
    case .float32:
      dt_lstm_cell_gradient_f32(
        rows, hidden, ofOutput.pointer(), ofNext.pointer(), gates.pointer(), cell.pointer(), next.pointer(),
        ofGates.pointer(), ofCell.pointer())
    case .float64:
      dt_lstm_cell_gradient_f64(
        rows, hidden, ofOutput.pointer(), ofNext.pointer(), gates.pointer(), cell.pointer(), next.pointer(),
        ofGates.pointer(), ofCell.pointer())
    default: unsupported("LSTM", gates.dtype)
    }
  }
}
