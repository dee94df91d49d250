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
    if let last = result.shape.last, result.count > 0, strides.last == 1,
      !strides.dropLast().contains(where: { $0 != 0 })
    {
      // One row for all, as a bias: to set up the walk would take longer than the copies.
      for start in stride(from: 0, to: result.count, by: last) { (out + start).update(from: x, count: last) }
      return
    }
    if let times = result.shape.last, times > 1, times < 16, strides.last == 0 {
      return repeatEach(x, times, Array(result.shape.dropLast()), Array(strides.dropLast()), out)
    }
    if MemoryLayout<T>.size >= 4, let transposed = TransposedCopy(shape: result.shape, strides: strides) {
      return transposed.copy(x, to: out)
    }
    let walk = StridedWalk(shape: result.shape, strides: [strides])
    let step = walk.runStrides[0]
    walk.forEachRun { position, offsets in
      let from = x + offsets[0]
      let to = out + position
      switch step {
      case 1: to.update(from: from, count: walk.runLength)
      case 0: to.update(repeating: from[0], count: walk.runLength)
      // Reversed by whole vectors.
      case -1: for i in 0..<walk.runLength { to[i] = from[0 &- i] }
      default: for i in 0..<walk.runLength { to[i] = from[i &* step] }
      }
    }
  }

  /// Each element a few times, as where an image is enlarged: runs of so many would be too short for a walk.
  private func repeatEach<T: TensorElement>(
    _ x: UnsafePointer<T>, _ times: Int, _ shape: [Int], _ strides: [Int], _ out: UnsafeMutablePointer<T>
  ) {
    let walk = StridedWalk(shape: shape, strides: [strides])
    let (length, step) = (walk.runLength, walk.runStrides[0])
    walk.forEachRun { position, offsets in
      let (from, to) = (x + offsets[0], out + position * times)
      for i in 0..<length {
        let (element, start) = (from[i * step], i * times)
        for time in 0..<times { to[start + time] = element }
      }
    }
  }

  func place(_ x: Tensor, into result: Tensor, offset: Int, strides: [Int]) {
    switch x.dtype {
    case .float32: place(x, result.pointer(Float.self) + offset, strides)
    case .float64: place(x, result.pointer(Double.self) + offset, strides)
    case .int64: place(x, result.pointer(Int64.self) + offset, strides)
    case .uint8: place(x, result.pointer(UInt8.self) + offset, strides)
    case .bool: place(x, result.pointer(Bool.self) + offset, strides)
    }
  }

  private func place<T: TensorElement>(_ x: Tensor, _ result: UnsafeMutablePointer<T>, _ strides: [Int]) {
    let source = x.pointer(T.self)
    let walk = StridedWalk(shape: x.shape, strides: [strides])
    let step = walk.runStrides[0]
    walk.forEachRun { position, offsets in
      let from = source + position
      let to = result + offsets[0]
      if step == 1 {
        to.update(from: from, count: walk.runLength)
      } else {
        for i in 0..<walk.runLength { to[i * step] = from[i] }
      }
    }
  }

  func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into result: Tensor) {
    switch result.dtype {
    case .float32: select(Float.self, condition, a, b, result)
    case .float64: select(Double.self, condition, a, b, result)
    case .int64: select(Int64.self, condition, a, b, result)
    case .uint8: select(UInt8.self, condition, a, b, result)
    case .bool: select(Bool.self, condition, a, b, result)
    }
  }

  private func select<T: TensorElement>(_: T.Type, _ condition: Tensor, _ a: Tensor, _ b: Tensor, _ result: Tensor) {
    let (choices, x, y) = (condition.pointer(Bool.self), a.pointer(T.self), b.pointer(T.self))
    let out = result.pointer(T.self)
    let walk = StridedWalk(
      shape: result.shape, strides: [condition, a, b].map { Shape.broadcastStrides($0.shape, to: result.shape) })
    let steps = walk.runStrides
    walk.forEachRun { position, offsets in
      let (choices, x, y, out) = (choices + offsets[0], x + offsets[1], y + offsets[2], out + position)
      // Both elements are read, so that nothing depends on a branch that is as random as the condition.
      switch (steps[0], steps[1], steps[2]) {
      case (1, 1, 1):
        for i in 0..<walk.runLength {
          let (a, b) = (x[i], y[i])
          out[i] = choices[i] ? a : b
        }
      case (1, 0, 1):
        let a = x[0]
        for i in 0..<walk.runLength {
          let b = y[i]
          out[i] = choices[i] ? a : b
        }
      case (1, 1, 0):
        let b = y[0]
        for i in 0..<walk.runLength {
          let a = x[i]
          out[i] = choices[i] ? a : b
        }
      case (let choiceStep, let xStep, let yStep):
        for i in 0..<walk.runLength {
          let (a, b) = (x[i * xStep], y[i * yStep])
          out[i] = choices[i * choiceStep] ? a : b
        }
      }
    }
  }
}
