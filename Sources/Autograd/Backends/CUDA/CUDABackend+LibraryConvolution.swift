extension CUDABackend {
  /// How cuDNN computes an operation of a convolution, where it is present and suits; else own kernels do.
  func libraryPlan(
    _ operation: ConvolutionPlan.Operation, _ geometry: ConvolutionGeometry, _ dtype: DataType
  ) -> ConvolutionPlan? {
    guard let library = device.convolutions, dtype == .float32, !Kernels.areGeneric else { return nil }
    // The library counts elements in 32 bits, and takes no empty tensors.
    let counts = [geometry.input, geometry.weight, geometry.output].map { $0.reduce(1, *) }
    guard counts.allSatisfy({ $0 > 0 && $0 <= Int32.max }) else { return nil }
    device.enter()
    return library.plan(operation, geometry, .current)
  }

  /// Computes a plan's result from its two operands, all float32 and [N, C, H, W], or adds it to what is there.
  func compute(_ plan: ConvolutionPlan, _ first: Tensor, _ second: Tensor, into result: Tensor, adding: Bool = false) {
    guard plan.order == .channelsLast else { return computeInOrder(plan, first, second, into: result, adding: adding) }
    guard !adding || canAddChannelsLast(to: result) else {
      return add(to: result) { compute(plan, first, second, into: $0) }
    }
    let (first, second) = (arrangedChannelsLast(first), arrangedChannelsLast(second))
    writeChannelsLast(result) { computeInOrder(plan, first, second, into: $0, adding: adding) }
  }

  /// The same with the elements of all three in the plan's order.
  private func computeInOrder(
    _ plan: ConvolutionPlan, _ first: Tensor, _ second: Tensor, into result: Tensor, adding: Bool
  ) {
    guard let library = device.convolutions else { preconditionFailure("a plan of cuDNN without cuDNN") }
    let workspace = plan.workspaceByteCount == 0 ? nil : scratch(plan.workspaceByteCount, .uint8)
    guard plan.isBFloat16 else {
      library.compute(
        plan, first.address, second.address, into: result.address, adding: adding, workspace: workspace?.address)
      return extendLifetime(workspace)
    }
    let (a, b) = (roundedToBFloat16(first), roundedToBFloat16(second))
    let sums = scratch(2 * result.count, .uint8)
    library.compute(plan, a.address, b.address, into: sums.address, adding: false, workspace: workspace?.address)
    launch(
      "widen_bf16", in: .copies, over: result.count, result.count, Int32(adding ? 1 : 0), sums.address, result.address)
    extendLifetime((workspace, a, b, sums))
  }
}
