extension CUDABackend {
  func softmax(_ x: Tensor, extents: ReductionExtents, isLogarithm: Bool, into result: Tensor) -> Bool {
    guard extents.inner == 1 else { return false }
    launch(
      "softmax_\(x.dtype.suffix)", in: .softmax, rows: x.count / max(extents.reduced, 1), of: extents.reduced,
      x.count / max(extents.reduced, 1), extents.reduced, x.address, Int32(isLogarithm ? 1 : 0), result.address)
    return true
  }

  func softmaxGradient(
    _ gradient: Tensor, of y: Tensor, extents: ReductionExtents, isLogarithm: Bool, into result: Tensor
  ) -> Bool {
    guard extents.inner == 1 else { return false }
    launch(
      "softmax_gradient_\(y.dtype.suffix)", in: .softmax, rows: y.count / max(extents.reduced, 1), of: extents.reduced,
      y.count / max(extents.reduced, 1), extents.reduced, gradient.address, y.address, Int32(isLogarithm ? 1 : 0),
      result.address)
    return true
  }
}
