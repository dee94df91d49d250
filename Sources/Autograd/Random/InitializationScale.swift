/// The scales of the initialisations named after their authors. "Fan" is the number of inputs, or of outputs, that one
/// unit of a layer is connected to: for a convolution the channels times the area of the kernel.
public enum InitializationScale {
  /// The gain that keeps the variance of activations behind a leaky ReLU: √(2 / (1 + a²)); √2 for a ReLU (a = 0).
  public static func leakyReLUGain(negativeSlope: Double = 0) -> Double {
    (2 / (1 + negativeSlope * negativeSlope)).squareRoot()
  }

  /// The standard deviation of a Kaiming normal initialisation, gain / √fan.
  ///
  /// Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015.
  public static func kaimingStandardDeviation(fan: Int, negativeSlope: Double = 0) -> Double {
    precondition(fan > 0, "fan \(fan): a layer without connections cannot be initialised")
    return leakyReLUGain(negativeSlope: negativeSlope) / Double(fan).squareRoot()
  }

  /// The bound b of a Kaiming uniform initialisation on [−b, b): √3 times the standard deviation. PyTorch's default for
  /// the weights of linear and convolution layers has a = √5, which is 1 / √fan-in.
  public static func kaimingUniformBound(fan: Int, negativeSlope: Double = 0) -> Double {
    3.0.squareRoot() * kaimingStandardDeviation(fan: fan, negativeSlope: negativeSlope)
  }

  /// The bound b of PyTorch's default initialisation of biases on [−b, b): 1 / √fan-in.
  public static func biasBound(fanIn: Int) -> Double {
    precondition(fanIn > 0, "fan-in \(fanIn): a layer without inputs cannot be initialised")
    return 1 / Double(fanIn).squareRoot()
  }

  /// The standard deviation of a Xavier normal initialisation, gain · √(2 / (fan-in + fan-out)).
  ///
  /// Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
  /// AISTATS 2010.
  public static func xavierStandardDeviation(fanIn: Int, fanOut: Int, gain: Double = 1) -> Double {
    precondition(
      fanIn + fanOut > 0, "fans \(fanIn) and \(fanOut): a layer without connections cannot be initialised")
    return gain * (2 / Double(fanIn + fanOut)).squareRoot()
  }

  /// The bound b of a Xavier uniform initialisation on [−b, b): √3 times the standard deviation.
  public static func xavierUniformBound(fanIn: Int, fanOut: Int, gain: Double = 1) -> Double {
    3.0.squareRoot() * xavierStandardDeviation(fanIn: fanIn, fanOut: fanOut, gain: gain)
  }
}
