/// A table of vectors that are looked up by number, as `torch.nn.Embedding`.
public final class Embedding: Module, Layer {
  /// [count, dimension].
  public let weight: Parameter
  private let paddingIndex: Int?

  /// A table with PyTorch's initial values: standard normal, but for zeros at the padding index.
  ///
  /// - Parameters:
  ///   - count: The number of vectors.
  ///   - dimension: The length of each.
  ///   - paddingIndex: A vector that is not trained, as one that fills up short sequences; from the end if negative.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ count: Int, _ dimension: Int, paddingIndex: Int? = nil, dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) {
    precondition(
      paddingIndex.map { (-count..<count).contains($0) } ?? true,
      "Embedding of \(count) vectors with a padding index of \(paddingIndex ?? 0), which is none of them")
    self.paddingIndex = paddingIndex.map { $0 < 0 ? $0 + count : $0 }
    weight = Parameter(.randn([count, dimension], dtype: dtype, generator: generator))
    if let index = self.paddingIndex {
      // The part is in the weight's memory.
      let padding = weight.detached()[index]
      padding.backend.fill(padding, with: 0)
    }
  }

  /// [...] of `int64` → [..., dimension].
  public func callAsFunction(_ x: Tensor) -> Tensor { weight.embedding(x, paddingIndex: paddingIndex) }
}
