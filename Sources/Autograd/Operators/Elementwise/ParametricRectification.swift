extension Tensor {
  /// x where it is positive, and x times a learned slope elsewhere, as `torch.nn.functional.prelu` (K. He et al.,
  /// arXiv:1502.01852).
  ///
  /// - Parameter weight: The slope: [1], or [C] with one for each channel, for this tensor's [N, C, …].
  public func prelu(_ weight: Tensor) -> Tensor {
    requireFloatingPoint(for: "prelu")
    precondition(
      weight.rank == 1 && (weight.count == 1 || (rank > 1 && shape[1] == weight.count)),
      "prelu of shape \(shape) with a weight of \(weight.shape): needs [1], or one slope for each channel of [N, C, …]")
    precondition(weight.dtype == dtype, "prelu of \(dtype) with a weight of \(weight.dtype): both must have one type")
    requireSameDevice(weight, for: "prelu")
    let x = detached()
    let slopes = weight.reshaped(rank == 0 ? [] : [weight.count] + Array(repeating: 1, count: max(rank - 2, 0)))
    return x.combined(.leakyReLU, slopes.detached())
      .recorded(as: "PreluKernelBackward0", from: [self, slopes], saving: [self, slopes]) { gradient, inputs in
        guard isGradEnabled else {
          inputs.add(0, gradient * x.combined(.leakyReLUSlope, slopes.detached()))
          // Positive elements are no factors of the slopes' gradient, infinite ones neither.
          return inputs.add(1, (gradient * x.combined(.minimum, x.scalar(0))).summed(to: slopes.shape))
        }
        let isPositive = x .> 0
        inputs.add(0, .select(isPositive, gradient, gradient * slopes))
        inputs.add(1, (gradient * self.filled(with: 0, where: isPositive)).summed(to: slopes.shape))
      }
  }
}
