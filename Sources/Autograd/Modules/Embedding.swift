/// A table of vectors that are looked up by number, as `torch.nn.Embedding`.
public final class Embedding: Module, Layer {
  /// [count, dimension].
  public let weight: Parameter

  /// A table with PyTorch's initial values: standard normal.
  ///
  /// - Parameters:
  ///   - count: The number of vectors.
  ///   - dimension: The length of each.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(_ count: Int, _ dimension: Int, dtype: DataType = .float32, generator: RandomGenerator? = nil) {
    weight = Parameter(.randn([count, dimension], dtype: dtype, generator: generator))
  }

  /// [...] of `int64` → [..., dimension].
  public func callAsFunction(_ x: Tensor) -> Tensor { weight.embedding(x) }
}
