import Autograd

/// A function of tensors with a place at which its derivatives are compared with finite differences.
struct DifferentiatedFunction {
  let function: ([Tensor]) -> Tensor
  let inputs: [Tensor]

  init(_ inputs: [Tensor], _ function: @escaping ([Tensor]) -> Tensor) {
    self.function = function
    self.inputs = inputs
  }

  /// The sum of the result's elements, each with a factor of its own, so that no error is hidden by symmetry.
  private func weightedSum(_ inputs: [Tensor]) -> Tensor { Self.weightedSum(function(inputs)) }

  private static func weightedSum(_ result: Tensor) -> Tensor {
    let factors = (0..<result.count).map { place -> Double in 0.5 + Double((place * 7 + 3) % 11) / 11 }
    return (result * Tensor(factors, shape: result.shape)).sum()
  }

  /// The gradients of the weighted sum; zeros where it does not depend on an input.
  private func gradients(at inputs: [Tensor], createGraph: Bool) throws -> [Tensor] {
    try Self.gradients(of: weightedSum(inputs), inputs, createGraph: createGraph)
  }

  private static func gradients(of result: Tensor, _ inputs: [Tensor], createGraph: Bool) throws -> [Tensor] {
    try inputs.map { input in
      guard result.requiresGrad else { return .zeros(input.shape, dtype: .float64) }
      do {
        return try Autograd.gradients(
          of: result, withRespectTo: [input], retainGraph: true, createGraph: createGraph)[0]
      } catch AutogradError.unused {
        return .zeros(input.shape, dtype: .float64)
      }
    }
  }

  /// The largest difference between the gradients of a pass that is recorded and of one that is not.
  func recordingError() throws -> Double {
    let leaves = leaves()
    return Self.distance(
      try gradients(at: leaves, createGraph: false), try gradients(at: leaves, createGraph: true))
  }

  /// The largest difference between gradients and central differences of the function.
  func firstDerivativeError() throws -> Double {
    Self.distance(
      try gradients(at: leaves(), createGraph: false), differences { weightedSum($0) })
  }

  /// The largest difference between gradients of the gradients and their central differences.
  func secondDerivativeError() throws -> Double {
    func slopes(_ inputs: [Tensor]) throws -> Tensor {
      try gradients(at: inputs, createGraph: true).map(Self.weightedSum).reduce(Tensor(0.0, dtype: .float64), +)
    }
    let leaves = leaves()
    let found = try Self.gradients(of: slopes(leaves), leaves, createGraph: false)
    return Self.distance(found, try differences(slopes))
  }

  private func leaves() -> [Tensor] {
    inputs.map { input in
      let leaf = input.detached().cloned()
      leaf.requiresGrad = true
      return leaf
    }
  }

  /// The central differences of `scalar` with respect to every element.
  private func differences(_ scalar: ([Tensor]) throws -> Tensor) rethrows -> [Tensor] {
    let step = 1e-5
    return try inputs.indices.map { which in
      let values = inputs[which].array(of: Double.self)
      let slopes = try values.indices.map { place in
        func shifted(_ distance: Double) throws -> Double {
          var moved = values
          moved[place] += distance
          let places = leaves()
          let leaf = Tensor(moved, shape: inputs[which].shape)
          leaf.requiresGrad = true
          return try scalar(places.enumerated().map { $0 == which ? leaf : $1 }).item()
        }
        return try (shifted(step) - shifted(-step)) / (2 * step)
      }
      return Tensor(slopes, shape: inputs[which].shape)
    }
  }

  /// The largest difference, relative to the expected value where that is larger than 1; infinite for a wrong shape.
  private static func distance(_ found: [Tensor], _ expected: [Tensor]) -> Double {
    zip(found, expected).map { found, expected in
      guard found.shape == expected.shape else { return .infinity }
      return zip(found.array(of: Double.self), expected.array(of: Double.self)).map { a, b in
        a.isNaN || b.isNaN ? .infinity : abs(a - b) / max(1, abs(b))
      }.max() ?? 0
    }.max() ?? 0
  }
}
