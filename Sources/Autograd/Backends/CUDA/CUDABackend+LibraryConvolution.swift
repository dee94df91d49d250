extension CUDABackend {
  /// How cuDNN computes an operation of a convolution, where it is present and suits; else own kernels do.
  func libraryPlan(
    _ operation: ConvolutionPlan.Operation, _ geometry: ConvolutionGeometry, _ dtype: DataType
  ) -> ConvolutionPlan? {
    suitableLibrary(geometry, dtype)?.plan(operation, geometry, .current)
  }

  /// cuDNN where it is present, and may be asked.
  func suitableLibrary(_ geometry: ConvolutionGeometry, _ dtype: DataType) -> ConvolutionLibrary? {
    guard let library = device.convolutions, dtype == .float32, !Kernels.areGeneric else { return nil }
    // The library counts elements in 32 bits, and takes no empty tensors.
    let counts = [geometry.input, geometry.weight, geometry.output].map { $0.reduce(1, *) }
    guard counts.allSatisfy({ $0 > 0 && $0 <= Int32.max }) else { return nil }
    device.enter()
    return library
  }

  /// Computes a plan's result from its two operands, [N, C, H, W], or adds it to what is there. Where cuDNN refuses that it
  /// is false, and what is there may be lost if it was not to be added to.
  func compute(
    _ plan: ConvolutionPlan, _ first: Tensor, _ second: Tensor, into result: Tensor, adding: Bool = false
  ) -> Bool {
    let layout = plan.layout
    // What filters are changed by is not rounded further.
    if layout.isBFloat16 && plan.operation == .filterGradient { result.storage.limitLayouts(to: .none) }
    guard !adding || canAdd(to: result, as: layout) else {
      let summand = result.uninitializedLike()
      guard compute(plan, first, second, into: summand) else { return false }
      binary(.add, result, summand, into: result)
      return true
    }
    switch outcome(of: plan, first, second, into: result, adding: adding) {
    case .started: return true
    case .refused: return false
    case .cannotAdd:
      let summand = result.uninitializedLike()
      guard compute(plan, first, second, into: summand) else { return false }
      // If the algorithm was refused, and not the sum, there is another now, whose sums are to have the same bits from the
      // first on.
      if outcome(of: plan, first, second, into: result, adding: true) != .started {
        binary(.add, result, summand, into: result)
      }
      return true
    }
  }

  /// What becomes of a plan's computation, with operands and result in its layout.
  private func outcome(
    of plan: ConvolutionPlan, _ first: Tensor, _ second: Tensor, into result: Tensor, adding: Bool
  ) -> ConvolutionPlan.Outcome {
    let layout = plan.layout
    let (a, b) = (arranged(first, as: layout), arranged(second, as: layout))
    var outcome = ConvolutionPlan.Outcome.refused
    write(result, as: layout) { result in
      // A part of an array may begin anywhere, and the library reads packs.
      guard [a, b, result].allSatisfy({ UInt(bitPattern: $0.address) % 16 == 0 }) else { return }
      outcome = computeInOrder(plan, a.address, b.address, into: result.address, adding: adding)
    }
    extendLifetime((a, b))
    return outcome
  }

  /// The same with the elements of all three in the plan's order and type.
  private func computeInOrder(
    _ plan: ConvolutionPlan, _ first: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer,
    into result: UnsafeMutableRawPointer, adding: Bool
  ) -> ConvolutionPlan.Outcome {
    guard let library = device.convolutions else { preconditionFailure("a plan of cuDNN without cuDNN") }
    var workspace: Tensor?
    defer { extendLifetime(workspace) }
    return library.compute(plan, first, second, into: result, adding: adding) { byteCount in
      workspace = byteCount == 0 ? nil : scratch(byteCount, .uint8)
      return workspace?.address
    }
  }
}
