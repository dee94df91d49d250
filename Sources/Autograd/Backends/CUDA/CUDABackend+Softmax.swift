extension CUDABackend {
  func softmax(_ x: Tensor, columns: Int, isLogarithm: Bool, into result: Tensor) {
    launch(
      "softmax_\(x.dtype.suffix)", in: .softmax, rows: x.count / max(columns, 1), of: columns,
      x.count / max(columns, 1), columns, x.address, Int32(isLogarithm ? 1 : 0), result.address)
  }

  func softmaxGradient(_ gradient: Tensor, of y: Tensor, columns: Int, isLogarithm: Bool, into result: Tensor) {
    launch(
      "softmax_gradient_\(y.dtype.suffix)", in: .softmax, rows: y.count / max(columns, 1), of: columns,
      y.count / max(columns, 1), columns, gradient.address, y.address, Int32(isLogarithm ? 1 : 0), result.address)
  }
}
