extension CUDABackend {
  func lstmCell(_ gates: Tensor, cell: Tensor, output: Tensor, next: Tensor) {
    guard gates.dtype.isFloatingPoint else { unsupported("LSTM", gates.dtype) }
    launch(
      "lstm_cell_\(gates.dtype.suffix)", in: .recurrent, over: cell.count, cell.shape[0], cell.shape[1], gates.address,
      cell.address, output.address, next.address)
  }

  func lstmCellGradient(
    _ ofOutput: Tensor, _ ofNext: Tensor, gates: Tensor, cell: Tensor, next: Tensor, ofGates: Tensor,
    addingTo ofCell: Tensor
  ) {
    guard gates.dtype.isFloatingPoint else { unsupported("LSTM", gates.dtype) }
    launch(
      "lstm_cell_gradient_\(gates.dtype.suffix)", in: .recurrent, over: cell.count, cell.shape[0], cell.shape[1],
      ofOutput.address, ofNext.address, gates.address, cell.address, next.address, ofGates.address, ofCell.address)
  }
}
