import CKernels

extension CPUBackend {
  func lstmCell(_ gates: Tensor, cell: Tensor, activated: Tensor, into result: Tensor) {
    let (rows, hidden) = (cell.shape[0], cell.shape[1])
    switch gates.dtype {
    case .float32:
      dt_lstm_cell_f32(rows, hidden, gates.pointer(), cell.pointer(), activated.pointer(), result.pointer())
    case .float64:
      dt_lstm_cell_f64(rows, hidden, gates.pointer(), cell.pointer(), activated.pointer(), result.pointer())
    default: unsupported("LSTM", gates.dtype)
    }
  }

  func lstmCellGradient(
    _ gradient: Tensor, cell: Tensor, activated: Tensor, result: Tensor, ofGates: Tensor, ofCell: Tensor
  ) {
    let (rows, hidden) = (cell.shape[0], cell.shape[1])
    switch gradient.dtype {
    case .float32:
      dt_lstm_cell_gradient_f32(
        rows, hidden, gradient.pointer(), cell.pointer(), activated.pointer(), result.pointer(), ofGates.pointer(),
        ofCell.pointer())
    case .float64:
      dt_lstm_cell_gradient_f64(
        rows, hidden, gradient.pointer(), cell.pointer(), activated.pointer(), result.pointer(), ofGates.pointer(),
        ofCell.pointer())
    default: unsupported("LSTM", gradient.dtype)
    }
  }
}
