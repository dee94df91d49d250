extension Tensor {
  /// The opposite truth values, of a tensor of `bool`.
  public static prefix func ! (x: Tensor) -> Tensor {
    x.requireTruthValues(for: "!")
    return (1 - x.cast(to: .float32)).cast(to: .bool)
  }

  /// The opposite truth values, of a tensor of `bool`: the same as `!x`.
  public static prefix func .! (x: Tensor) -> Tensor { !x }

  /// Whether both elements are true, as `bool`; shapes are broadcast. Anything but tensors of `bool` traps.
  public static func .& (a: Tensor, b: Tensor) -> Tensor {
    requireTruthValues(a, b, for: ".&")
    return .select(a, b, a)
  }

  /// Whether any of both elements is true, as `bool`; shapes are broadcast. Anything but tensors of `bool` traps.
  public static func .| (a: Tensor, b: Tensor) -> Tensor {
    requireTruthValues(a, b, for: ".|")
    return .select(a, a, b)
  }

  /// Whether just one of both elements is true, as `bool`; shapes are broadcast. Anything but tensors of `bool` traps.
  public static func .^ (a: Tensor, b: Tensor) -> Tensor {
    requireTruthValues(a, b, for: ".^")
    return .select(a, !b, b)
  }

  private static func requireTruthValues(_ a: Tensor, _ b: Tensor, for operation: StaticString) {
    a.requireTruthValues(for: operation)
    b.requireTruthValues(for: operation)
  }

  private func requireTruthValues(for operation: StaticString) {
    precondition(dtype == .bool, "\(operation) is defined for tensors of bool, not \(dtype)")
  }
}

// MARK: - Places of what is true

extension Tensor {
  /// The places of the elements that are not 0 (or false), in row-major order, as `torch.nonzero`: [count, rank], `int64`.
  ///
  /// On a GPU its work is waited for.
  public func nonzero() -> Tensor {
    let isTrue = (dtype == .bool ? self : self .!= 0).cpu()
    let extents = Array(zip(Shape.strides(shape), shape))
    let positions = isTrue.withElements(of: Bool.self) { elements in
      [Int](unsafeUninitializedCapacity: elements.count) { positions, count in
        // Without a branch, which would be as random as the elements.
        for position in elements.indices {
          (positions.baseAddress! + count).initialize(to: position)
          count += elements[position] ? 1 : 0
        }
      }
    }
    guard rank != 1 else { return Tensor(positions, shape: [positions.count, 1]).to(device) }
    var places: [Int] = []
    places.reserveCapacity(positions.count * rank)
    for position in positions {
      for (stride, size) in extents { places.append(position / stride % size) }
    }
    return Tensor(places, shape: [positions.count, rank]).to(device)
  }

  /// The elements at which `mask` is true, in row-major order, as `torch.masked_select` and `x[mask]`: [count].
  ///
  /// On a GPU its work is waited for.
  ///
  /// - Parameter mask: Of type `bool`; both shapes are broadcast.
  public func selected(where mask: Tensor) -> Tensor {
    mask.requireTruthValues(for: "selected(where:)")
    let shape = Shape.broadcast(self.shape, mask.shape)
    let places = mask.detached().expanded(to: shape).reshaped([-1]).nonzero().reshaped([-1])
    let flat = expanded(to: shape).reshaped([-1])
    return IndexedPlaces(places, isShared: true, along: 0, of: flat.shape, size: places.count)
      .gather(from: flat, as: "MaskedSelectBackward0")
  }
}
