extension CUDABackend {
  func lstmCell(_ gates: Tensor, cell: Tensor, activated: Tensor, into result: Tensor) {
    guard gates.dtype.isFloatingPoint else { unsupported("LSTM", gates.dtype) }
    launch(
      "lstm_cell_\(gates.dtype.suffix)", in: .recurrent, over: cell.count, cell.shape[0], cell.shape[1], gates.address,
      cell.address, activated.address, result.address)
  }

  func lstmCellGradient(
    _ gradient: Tensor, cell: Tensor, activated: Tensor, result: Tensor, ofGates: Tensor, ofCell: Tensor
  ) {
    guard gradient.dtype.isFloatingPoint else { unsupported("LSTM", gradient.dtype) }
    launch(
      "lstm_cell_gradient_\(gradient.dtype.suffix)", in: .recurrent, over: cell.count, cell.shape[0], cell.shape[1],
      gradient.address, cell.address, activated.address, result.address, ofGates.address, ofCell.address)
  }
}
