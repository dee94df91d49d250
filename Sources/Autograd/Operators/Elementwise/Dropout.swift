/// Draws that a backend makes by itself, and that say which elements are dropped.
protocol DropoutMask {
  /// The elements of `x` that are kept, divided by the probability of that, and 0 times the others.
  func apply(to x: Tensor, into result: Tensor)
}

extension Backend {
  func dropoutMask(for x: Tensor, probability: Double, generator: RandomGenerator?) -> (any DropoutMask)? { nil }
}

extension Tensor {
  /// Every element set to 0 with the given probability, and otherwise divided by the probability of being kept, so
  /// that expectations stay the same (Srivastava et al., 2014); the tensor itself when not training.
  ///
  /// On the processor elements are those that PyTorch drops where it does not draw by MKL, as it does on Intel's. A
  /// GPU draws by itself, from a key that it is given of the generator: the same elements every time, but others than the
  /// processor.
  ///
  /// - Parameters:
  ///   - probability: Of an element being dropped, from 0 to 1.
  ///   - generator: Where the draws come from, one an element, or on a GPU one key; the thread's default generator if
  ///     left out.
  public func dropout(probability: Double, training: Bool = true, generator: RandomGenerator? = nil) -> Tensor {
    precondition((0...1).contains(probability), "dropout with a probability of \(probability), which is not in 0...1")
    precondition(dtype.isFloatingPoint, "dropout of \(dtype), which must be a floating-point type")
    guard training && probability > 0 else { return self }
    guard probability < 1 else { return self * 0 }
    if let mask = backend.dropoutMask(for: self, probability: probability, generator: generator) {
      return dropped(by: mask)
    }
    let generator = RandomGenerator.source(generator)
    let factors =
      dtype == .float64
      ? Tensor(shape: shape, of: Double.self) { generator.dropoutMask(into: $0, probability: probability) }
      : Tensor(shape: shape, of: Float.self) { generator.dropoutMask(into: $0, probability: probability) }
    return self * factors
  }

  /// Every channel of every sample set to 0 as a whole with the given probability, and otherwise divided by the
  /// probability of being kept, as `torch.nn.functional.dropout1d`, `dropout2d` and `dropout3d` (J. Tompson et al.,
  /// arXiv:1411.4280) of a batch; the tensor itself when not training. Without N there would be no telling it from a batch.
  ///
  /// Draws are those of ``dropout(probability:training:generator:)``, one for each channel.
  ///
  /// - Returns: A tensor of this one's shape, [N, C, …].
  public func channelDropout(
    probability: Double, training: Bool = true, generator: RandomGenerator? = nil
  ) -> Tensor {
    precondition(rank >= 3, "channelDropout of shape \(shape), expected [N, C, …] of at least 3 dimensions")
    precondition(
      (0...1).contains(probability), "channelDropout with a probability of \(probability), which is not in 0...1")
    requireFloatingPoint(for: "channelDropout")
    guard training && probability > 0 else { return self }
    let channels = Array(shape[..<2]) + Array(repeating: 1, count: rank - 2)
    return self
      * Tensor.ones(channels, dtype: dtype, device: device).dropout(probability: probability, generator: generator)
  }

  private func dropped(by mask: any DropoutMask) -> Tensor {
    let result = uninitializedLike()
    mask.apply(to: self, into: result)
    return result.recorded(as: "NativeDropoutBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, gradient.dropped(by: mask))
    }
  }
}
