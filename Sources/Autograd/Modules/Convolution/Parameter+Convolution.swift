extension Parameter {
  /// Weight and bias of a convolution with PyTorch's initial values: uniform between ±1/√fan-in, the weight drawn first.
  ///
  /// - Parameters:
  ///   - layer: Whose they are, for the message where `groups` does not divide its channels.
  ///   - kernel: The size of the kernel along each dimension.
  ///   - isTransposed: Whether the weight is [inputs, outputs / groups, kernel…] rather than
  ///     [outputs, inputs / groups, kernel…].
  static func convolution(
    of layer: StaticString, _ inputs: Int, _ outputs: Int, kernel: [Int], groups: Int, isTransposed: Bool = false,
    bias: Bool, dtype: DataType, generator: RandomGenerator?
  ) -> (weight: Parameter, bias: Parameter?) {
    precondition(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0,
      "\(layer): \(groups) groups do not divide \(inputs) input and \(outputs) output channels")
    let shape = (isTransposed ? [inputs, outputs / groups] : [outputs, inputs / groups]) + kernel
    func parameter(_ shape: [Int], fanIn: Int) -> Parameter {
      Parameter(.fanInUniform(shape, fanIn: fanIn, dtype: dtype, generator: generator))
    }
    let fanIn = shape[1...].reduce(1, *)
    let weight = parameter(shape, fanIn: fanIn)
    return (weight, bias ? parameter([outputs], fanIn: fanIn) : nil)
  }
}
