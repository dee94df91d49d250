/// Functions of one element.
enum UnaryOperation: String {
  case negate, absolute, sign, square, squareRoot, reciprocalSquareRoot, reciprocal, zeroIfInfinite
  case round, floor, ceiling
  case exponential, exponentialMinusOne, logarithm, logarithmOfOnePlus, errorFunction, inverseErrorFunction
  case logarithmOfGamma, digamma
  case sine, cosine, tangent, arcSine, arcCosine, arcTangent
  case hyperbolicSine, hyperbolicCosine, inverseHyperbolicSine, inverseHyperbolicCosine, inverseHyperbolicTangent
  case tanh, sigmoid, relu, softplus, logSigmoid, silu, hardswish, gelu, geluTanh
}

/// Functions of two elements.
enum BinaryOperation: String {
  case add, subtract, multiply, divide, maximum, minimum, power
  /// 1 where true, 0 where false.
  case equal, less, lessOrEqual
  /// Of (input, slope for negative inputs): the value and its slope.
  case leakyReLU, leakyReLUSlope
  /// Of (x, width): x² / 2 · width where the absolute value of x is less than the width, and that − width / 2 elsewhere.
  case smoothAbsolute
  /// The angle of the point (second, first), from −π to π.
  case direction
  /// Of (s, q): Σ (q + k)⁻ˢ over k from 0 on.
  case hurwitzZeta
  /// Of (input, α): the value and its slope.
  case elu, eluSlope
  /// Gradients of activations: of (gradient, output) for the first three, of (gradient, input) for the others.
  case tanhGradient, sigmoidGradient, reluGradient, softplusGradient, siluGradient, hardswishGradient, geluGradient
  case geluTanhGradient
}
