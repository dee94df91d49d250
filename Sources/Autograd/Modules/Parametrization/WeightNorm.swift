/// A layer whose weight is trained as lengths and directions, as `torch.nn.utils.parametrizations.weight_norm`
/// (T. Salimans, D. Kingma, arXiv:1602.07868):
///
///     w = g · v / ‖v‖
///
/// Parameters are named as in PyTorch: `parametrizations.weight.original0` for g and `original1` for v.
///
///     Sequential(WeightNorm(Conv1d(8, 8, kernel: 3)), ReLU(), WeightNorm(Linear(8, 1)))
public final class WeightNorm<Wrapped: Layer>: ParametrizedLayer<Wrapped> {
  /// g, with size 1 for each dimension that a length is of; a scalar if there is one length.
  public let magnitude: Parameter
  /// v, the parameter of the layer.
  public var direction: Parameter { original }
  /// The dimensions that a length is of; all if nil.
  private let dimensions: [Int]?

  /// The layer as it is, with its weight's lengths as parameters of their own.
  ///
  /// - Parameters:
  ///   - layer: Without modules in it.
  ///   - name: What the parameter is called in the layer's state dictionary, where it is not its weight.
  ///   - dimension: The dimension along which there are several lengths; one of the whole weight if nil.
  public init(_ layer: Wrapped, parameter name: String = "weight", along dimension: Int? = 0) {
    let weight = layer.parameter(named: name, for: "WeightNorm")
    let dimensions = dimension.map { dimension in
      precondition(
        weight.rank > 1, "WeightNorm of '\(name)' of shape \(weight.shape): one dimension has one length, along: nil")
      let kept = Shape.normalize(dimension, rank: weight.rank)
      return (0..<weight.rank).filter { $0 != kept }
    }
    self.dimensions = dimensions
    magnitude = Parameter(noGrad { Self.lengths(of: weight, dimensions) }, requiresGrad: weight.requiresGrad)
    super.init(layer, name, weight)
  }

  private static func lengths(of weight: Tensor, _ dimensions: [Int]?) -> Tensor {
    weight.norm(dimensions, keepingDimensions: dimensions != nil)
  }

  override var stateOfParameter: [(name: String, tensor: Tensor)] {
    [("original0", magnitude), ("original1", original)]
  }

  override func computedParameter(isCall: Bool) -> Tensor {
    original * (magnitude / Self.lengths(of: original, dimensions))
  }

  override func originalDidBecomeComputed() {
    magnitude.replaceElements(by: noGrad { Self.lengths(of: original, dimensions) })
    magnitude.grad = nil
  }
}
