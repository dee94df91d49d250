extension CPUBackend {
  func gather(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    switch x.dtype {
    case .float32: gather(Float.self, x, indices, extents, result)
    case .float64: gather(Double.self, x, indices, extents, result)
    case .int64: gather(Int64.self, x, indices, extents, result)
    case .uint8: gather(UInt8.self, x, indices, extents, result)
    case .bool: gather(Bool.self, x, indices, extents, result)
    }
  }

  private func gather<T: TensorElement>(
    _: T.Type, _ x: Tensor, _ indices: Tensor, _ extents: IndexedExtents, _ result: Tensor
  ) {
    let (source, out) = (x.pointer(T.self), result.pointer(T.self))
    extents.forEachRun(indices.pointer(Int64.self)) { sourceOffset, resultOffset, length in
      (out + resultOffset).update(from: source + sourceOffset, count: length)
    }
  }

  func scatterAdd(_ values: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    switch values.dtype {
    case .float32: scatterAdd(Float.self, values, indices, extents, result)
    case .float64: scatterAdd(Double.self, values, indices, extents, result)
    default: unsupported("the gradient of indexing", values.dtype)
    }
  }

  private func scatterAdd<T: TensorElement & FloatingPoint>(
    _: T.Type, _ values: Tensor, _ indices: Tensor, _ extents: IndexedExtents, _ result: Tensor
  ) {
    let (source, out) = (values.pointer(T.self), result.pointer(T.self))
    extents.forEachRun(indices.pointer(Int64.self)) { sourceOffset, resultOffset, length in
      let (to, from) = (out + sourceOffset, source + resultOffset)
      for i in 0..<length { to[i] += from[i] }
    }
  }

  func sortingPlaces(_ x: Tensor, extents: ReductionExtents, descending: Bool, into places: Tensor) {
    switch x.dtype {
    case .float32: sort(x.pointer(Float.self), extents, places) { $0.precedes($1, descending) }
    case .float64: sort(x.pointer(Double.self), extents, places) { $0.precedes($1, descending) }
    case .int64: sort(x.pointer(Int64.self), extents, places) { descending ? $0 > $1 : $0 < $1 }
    default: unsupported("sorting", x.dtype)
    }
  }

  private func sort<T>(
    _ x: UnsafeMutablePointer<T>, _ extents: ReductionExtents, _ places: Tensor, _ precedes: (T, T) -> Bool
  ) {
    let out = places.pointer(Int64.self)
    for outer in 0..<extents.outer {
      for inner in 0..<extents.inner {
        let first = outer * extents.reduced * extents.inner + inner
        let order = (0..<extents.reduced).sorted { a, b in
          let (x, y) = (x[first + a * extents.inner], x[first + b * extents.inner])
          // The library's sort keeps the order of equal elements but does not promise it.
          return precedes(x, y) || (a < b && !precedes(y, x))
        }
        for (rank, place) in order.enumerated() { out[first + rank * extents.inner] = Int64(place) }
      }
    }
  }

  func cumulativeSum(_ x: Tensor, extents: ReductionExtents, reversed: Bool, into result: Tensor) {
    switch x.dtype {
    case .float32:
      accumulate(x.pointer(Float.self), extents, reversed, result.pointer(), Double(0)) {
        $0 += Double($1)
      } read: {
        Float($0)
      }
    case .float64:
      accumulate(x.pointer(Double.self), extents, reversed, result.pointer(), Double(0)) {
        $0 += $1
      } read: {
        $0
      }
    case .int64:
      accumulate(x.pointer(Int64.self), extents, reversed, result.pointer(), Int64(0)) {
        $0 &+= $1
      } read: {
        $0
      }
    default: unsupported("cumulative sum", x.dtype)
    }
  }

  private func accumulate<T, Sum>(
    _ x: UnsafeMutablePointer<T>, _ extents: ReductionExtents, _ reversed: Bool, _ result: UnsafeMutablePointer<T>,
    _ zero: Sum, _ add: (inout Sum, T) -> Void, read: (Sum) -> T
  ) {
    for outer in 0..<extents.outer {
      for inner in 0..<extents.inner {
        var sum = zero
        for step in 0..<extents.reduced {
          let place = reversed ? extents.reduced - 1 - step : step
          let at = (outer * extents.reduced + place) * extents.inner + inner
          add(&sum, x[at])
          result[at] = read(sum)
        }
      }
    }
  }
}

extension BinaryFloatingPoint {
  /// Whether this value comes before `other`, NaN being larger than everything.
  fileprivate func precedes(_ other: Self, _ descending: Bool) -> Bool {
    let (a, b) = descending ? (other, self) : (self, other)
    return a < b || (b.isNaN && !a.isNaN)
  }
}

extension IndexedExtents {
  /// Calls `body` with the offsets in source and result of every run of elements that are neighbours in both.
  fileprivate func forEachRun(
    _ indices: UnsafePointer<Int64>, _ body: (_ source: Int, _ result: Int, _ length: Int) -> Void
  ) {
    for o in 0..<outer {
      for pick in 0..<picks {
        let row = (o * picks + pick) * inner
        if isShared {
          body((o * size + Int(indices[pick])) * inner, row, inner)
        } else {
          for i in 0..<inner { body((o * size + Int(indices[row + i])) * inner + i, row + i, 1) }
        }
      }
    }
  }
}
