extension CUDABackend {
  func crossEntropy(
    _ logits: Tensor, _ targets: Tensor, _ options: CrossEntropyOptions, losses: Tensor, normalizers: Tensor
  ) -> Bool {
    guard logits.rank == 2 else { return false }
    guard logits.dtype.isFloatingPoint else { unsupported("cross entropy", logits.dtype) }
    let (rows, classes) = (logits.shape[0], logits.shape[1])
    launch(
      "cross_entropy_\(logits.dtype.suffix)", in: .losses, rows: rows, of: classes, rows, classes, logits.address,
      targets.address, options.ignoredTarget, options.smoothing, losses.address, normalizers.address)
    return true
  }

  func crossEntropyGradient(
    _ gradient: Tensor, _ logits: Tensor, _ targets: Tensor, normalizers: Tensor, _ options: CrossEntropyOptions,
    into result: Tensor
  ) {
    guard logits.dtype.isFloatingPoint else { unsupported("cross entropy", logits.dtype) }
    let (rows, classes) = (logits.shape[0], logits.shape[1])
    launch(
      "cross_entropy_gradient_\(logits.dtype.suffix)", in: .losses, rows: rows, of: classes, rows, classes,
      logits.address, targets.address, options.ignoredTarget, options.smoothing, normalizers.address, gradient.address,
      Int32(gradient.rank == 0 ? 0 : 1), result.address)
  }
}
