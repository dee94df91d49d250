/// A module that maps one tensor to another.
public protocol Layer: Module {
  /// The result for `x`.
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// Layers applied one after the other; parameters are named by the layer's index, as in `torch.nn.Sequential`.
public final class Sequential: Module, Layer {
  /// Layers are named by their index alone.
  override public class var stateNames: [String: String] { ["layers": ""] }

  /// The layers in order.
  public let layers: [any Layer]

  /// Chains the given layers.
  public init(_ layers: any Layer...) { self.layers = layers }

  /// Chains the given layers.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// The last layer's result. What there is one operation for is computed as one: a linear layer and the activation
  /// behind it, a batch normalization and a ReLU, or a convolution, a ReLU and a maximum pooling of 2 × 2.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var result = x
    var index = 0
    while index < layers.count {
      if index + 1 < layers.count, let activation = layers[index + 1].linearActivation,
        let activated = layers[index].activated(result, by: activation)
      {
        result = activated
        index += 2
      } else if let convolution = layers[index] as? Conv2d, convolution.isPooled(by: layers[(index + 1)...]) {
        result = convolution.pooled(result)
        index += 3
      } else {
        result = layers[index](result)
        index += 1
      }
    }
    return result
  }
}

/// The input itself, as `torch.nn.Identity`.
public final class Identity: Module, Layer {
  /// `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x }
}

/// All dimensions after the first merged into one.
public final class Flatten: Module, Layer {
  /// [N, …] → [N, product of …].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: 1) }
}

/// One dimension split into several, as `torch.nn.Unflatten`.
public final class Unflatten: Module, Layer {
  private let dimension: Int
  private let sizes: [Int]

  /// Splits `dimension` into `sizes`, whose product is its size.
  public init(_ dimension: Int, _ sizes: [Int]) {
    self.dimension = dimension
    self.sizes = sizes
  }

  /// [.., n, ..] → [.., sizes, ..].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let at = Shape.normalize(dimension, rank: x.rank)
    precondition(
      Shape.count(sizes) == x.shape[at], "Unflatten: sizes \(sizes) do not make up dimension \(at) of shape \(x.shape)")
    return x.reshaped(x.shape[..<at] + sizes + x.shape[(at + 1)...])
  }
}
