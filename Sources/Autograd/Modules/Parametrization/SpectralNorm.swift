/// A layer whose weight is divided by its largest singular value, as `torch.nn.utils.parametrizations.spectral_norm`
/// (T. Miyato et al., arXiv:1802.05957):
///
///     w = W / (uᵀ · W · v)
///
/// Every call in training mode moves u and v towards the singular vectors by iterations of the power method; in evaluation
/// mode they stay, as they do when ``recomputed(_:)`` computes a call anew. W is a matrix of the given dimension by all
/// others. Names are PyTorch's: `parametrizations.weight.original` for W, and the buffers `parametrizations.weight.0._u`
/// and `_v`.
///
/// On several ranks u and v are the same as long as all make as many calls. A rank that has no samples in a step makes none;
/// it gets those of rank 0 at the next evaluation, as running statistics do.
public final class SpectralNorm<Wrapped: Layer>: ParametrizedLayer<Wrapped> {
  /// u, of length 1, with an element for each row of W.
  public let leftVector: Buffer
  /// v, of length 1, with an element for each column of W.
  public let rightVector: Buffer
  private let dimension: Int
  private let iterations: Int
  private let epsilon: Double

  /// The layer with u and v after 15 iterations from normal draws, and those of one more call if it is in training mode, as
  /// in PyTorch.
  ///
  /// - Parameters:
  ///   - layer: Without modules in it.
  ///   - name: What the parameter is called in the layer's state dictionary, where it is not its weight.
  ///   - dimension: That of W's rows; PyTorch's if nil, which is 1 for transposed convolutions and else 0.
  ///   - iterations: Of each call in training mode.
  ///   - epsilon: Keeps vectors of length 0 from a division by it.
  ///   - generator: Where u and v are drawn from; the thread's default one if left out.
  public init(
    _ layer: Wrapped, parameter name: String = "weight", along dimension: Int? = nil, iterations: Int = 1,
    epsilon: Double = 1e-12, generator: RandomGenerator? = nil
  ) {
    let weight = layer.parameter(named: name, for: "SpectralNorm")
    precondition(
      weight.rank > 1, "SpectralNorm of '\(name)' of shape \(weight.shape), expected two dimensions or more")
    precondition(iterations > 0, "SpectralNorm: \(iterations) iterations")
    self.dimension = Shape.normalize(
      dimension ?? (layer is ConvTranspose1d || layer is ConvTranspose2d ? 1 : 0), rank: weight.rank)
    self.iterations = iterations
    self.epsilon = epsilon
    let rows = weight.shape[self.dimension]
    func direction(_ count: Int) -> Buffer {
      let drawn = Tensor.randn([count], dtype: weight.dtype, generator: generator).to(weight.device)
      return Buffer(drawn.normalized(along: 0, epsilon: epsilon))
    }
    leftVector = direction(rows)
    rightVector = direction(rows > 0 ? weight.count / rows : 0)
    super.init(layer, name, weight)
    noGrad { iterate(matrix, times: 15 + (isTraining ? iterations : 0)) }
  }

  override var stateOfParameter: [(name: String, tensor: Tensor)] {
    [("original", original), ("0._u", leftVector), ("0._v", rightVector)]
  }

  override func computedParameter(isCall: Bool) -> Tensor {
    let matrix = matrix
    if isCall && isTraining && !isRecomputing { noGrad { iterate(matrix, times: iterations) } }
    // The next call changes both, maybe before the backward pass of this one; which tells that if it is to compute this
    // call anew, for it would not find them again.
    let willRecompute = ThreadState.current.recomputation != nil && !isRecomputing
    let (u, v): (Tensor, Tensor) =
      willRecompute ? (leftVector, rightVector) : (leftVector.cloned(), rightVector.cloned())
    return original / u.matmul(matrix.matmul(v))
  }

  /// W.
  private var matrix: Tensor {
    let others = (0..<original.rank).filter { $0 != dimension }
    return original.permuted([dimension] + others).flattened(from: 1)
  }

  private func iterate(_ matrix: Tensor, times count: Int) {
    for _ in 0..<count {
      leftVector.replaceElements(by: matrix.matmul(rightVector).normalized(along: 0, epsilon: epsilon))
      rightVector.replaceElements(by: matrix.transposed().matmul(leftVector).normalized(along: 0, epsilon: epsilon))
    }
  }
}
