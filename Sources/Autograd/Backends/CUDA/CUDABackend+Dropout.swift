extension CUDABackend {
  func dropoutMask(for x: Tensor, probability: Double, generator: RandomGenerator?) -> (any DropoutMask)? {
    let key =
      if let keys = ThreadState.current.randomKeys {
        PhiloxDropout.Key.inMemory(
          ThreadState.current.recomputation?.keyPlace { keys.append(from: generator) } ?? keys.append(from: generator))
      } else {
        PhiloxDropout.Key.number(RandomGenerator.source(generator).random64())
      }
    return PhiloxDropout(backend: self, key: key, probability: probability, layout: x.layout)
  }
}

/// Elements that are dropped by words which every thread of the GPU draws for itself; see `dropout.cu`.
private struct PhiloxDropout: DropoutMask {
  enum Key {
    case number(UInt64)
    /// Another number for each repetition of recorded work.
    case inMemory(UnsafeMutableRawPointer)
  }

  let backend: CUDABackend
  let key: Key
  let probability: Double
  /// In which elements are counted, and kept, in both passes.
  let layout: Layout

  func apply(to x: Tensor, into result: Tensor) {
    let elements = backend.arranged(x, as: layout)
    backend.write(result, as: layout) { start(elements, into: $0) }
  }

  private func start(_ x: Tensor, into result: Tensor) {
    let (address, number): (UnsafeMutableRawPointer?, UInt64) =
      switch key {
      case .number(let number): (nil, number)
      case .inMemory(let address): (address, 0)
      }
    let dropped = UInt32(min(probability * 0x1p32, Double(UInt32.max)))
    func launch(_ factor: any KernelArgument) {
      backend.launch(
        "dropout_\(x.suffix)", in: .dropout, over: (x.count + 3) / 4, x.count, address, number, dropped, factor,
        x.address, result.address)
    }
    if x.dtype == .float64 { launch(1 / (1 - probability)) } else { launch(1 / Float(1 - probability)) }
  }
}
