extension CPUBackend {
  func copy(_ x: Tensor, offset: Int, strides: [Int], into result: Tensor) {
    switch x.dtype {
    case .float32: gather(x.pointer(Float.self) + offset, strides, result)
    case .float64: gather(x.pointer(Double.self) + offset, strides, result)
    case .int64: gather(x.pointer(Int64.self) + offset, strides, result)
    case .uint8: gather(x.pointer(UInt8.self) + offset, strides, result)
    case .bool: gather(x.pointer(Bool.self) + offset, strides, result)
    }
  }

  private func gather<T: TensorElement>(_ x: UnsafePointer<T>, _ strides: [Int], _ result: Tensor) {
    let out = result.pointer(T.self)
    let walk = StridedWalk(shape: result.shape, strides: [strides])
    let step = walk.runStrides[0]
    walk.forEachRun { position, offsets in
      let from = x + offsets[0]
      let to = out + position
      switch step {
      case 1: to.update(from: from, count: walk.runLength)
      case 0: to.update(repeating: from[0], count: walk.runLength)
      default: for i in 0..<walk.runLength { to[i] = from[i * step] }
      }
    }
  }

  func scatterAdd(_ x: Tensor, into result: Tensor, offset: Int, strides: [Int]) {
    switch x.dtype {
    case .float32: scatterAdd(x, result.pointer(Float.self) + offset, strides)
    case .float64: scatterAdd(x, result.pointer(Double.self) + offset, strides)
    default: unsupported("the gradient of a view", x.dtype)
    }
  }

  private func scatterAdd<T: TensorElement & FloatingPoint>(
    _ x: Tensor, _ result: UnsafeMutablePointer<T>, _ strides: [Int]
  ) {
    let source = x.pointer(T.self)
    let walk = StridedWalk(shape: x.shape, strides: [strides])
    let step = walk.runStrides[0]
    walk.forEachRun { position, offsets in
      let from = source + position
      let to = result + offsets[0]
      for i in 0..<walk.runLength { to[i * step] += from[i] }
    }
  }
}
