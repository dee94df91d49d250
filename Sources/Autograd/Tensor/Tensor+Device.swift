extension Tensor {
  /// Where the elements are.
  public var device: Device { storage.device }

  /// A copy on another device, through which gradients flow back; the tensor itself if it is there already.
  ///
  /// A device that cannot be used traps; ``Device/open()`` gives the reason as an error.
  public func to(_ device: Device) -> Tensor {
    guard device != self.device else { return self }
    let original = self.device
    let result = Tensor(uninitialized: shape, dtype: dtype, device: device)
    result.assign(self)
    return result.recorded(as: "ToCopyBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, gradient.to(original))
    }
  }

  /// A copy in the memory of the processor; the tensor itself if it is there already.
  public func cpu() -> Tensor { to(.cpu) }

  /// A copy in the memory of a GPU, of the first if left out; the tensor itself if it is there already.
  public func cuda(_ index: Int = 0) -> Tensor { to(.cuda(index)) }

  /// Replaces the elements by as many of `other`, from any device and converted to this tensor's type, without regard
  /// to any graph.
  func assign(_ other: Tensor) {
    precondition(other.count == count, "\(other.count) elements for a tensor of shape \(shape)")
    if other.device == device {
      backend.convert(other, into: self)
    } else if other.dtype != dtype {
      assign(other.detached().cast(to: dtype))
    } else if device == .cpu {
      other.backend.download(other, to: address)
    } else {
      let source = other.detached().cpu()
      withExtendedLifetime(source) { backend.upload(source.address, to: self) }
    }
  }
}

// MARK: - Tensors on several devices

extension Tensor {
  /// The device on which an operation on both computes.
  ///
  /// A tensor of one element may be on the CPU while the other is elsewhere, so that numbers combine with anything;
  /// any other mixture traps.
  static func commonDevice(_ a: Tensor, _ b: Tensor, of operation: @autoclosure () -> Any) -> Device {
    let (first, second) = (a.device, b.device)
    if first == second || (second == .cpu && b.count == 1) { return first }
    if first == .cpu && a.count == 1 { return second }
    differentDevices(first, second, operation())
  }

  /// Traps unless the others, where given, are on this tensor's device.
  func requireSameDevice(
    _ second: Tensor?, _ third: Tensor? = nil, _ fourth: Tensor? = nil, for operation: StaticString
  ) {
    let device = device
    func check(_ other: Tensor?) {
      if let other, other.device != device { Self.differentDevices(device, other.device, operation) }
    }
    check(second)
    check(third)
    check(fourth)
  }

  private static func differentDevices(_ first: Device, _ second: Device, _ operation: Any) -> Never {
    preconditionFailure("\(operation) of tensors on \(first) and \(second): bring them together with .to(device)")
  }
}
