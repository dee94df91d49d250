extension Tensor {
  /// Every element set to 0 with the given probability, and otherwise divided by the probability of being kept, so
  /// that expectations stay the same (Srivastava et al., 2014); the tensor itself when not training.
  ///
  /// - Parameters:
  ///   - probability: Of an element being dropped, from 0 to 1.
  ///   - generator: Where the draws come from, one an element; the thread's default generator if left out.
  public func dropout(probability: Double, training: Bool = true, generator: RandomGenerator? = nil) -> Tensor {
    precondition((0...1).contains(probability), "dropout with a probability of \(probability), which is not in 0...1")
    guard training && probability > 0 else { return self }
    guard probability < 1 else { return self * 0 }
    let mask = Tensor(shape: shape, of: Float.self) { factors in
      (generator ?? .default).dropoutMask(into: factors, probability: probability)
    }
    return self * mask.to(device).cast(to: dtype)
  }
}
