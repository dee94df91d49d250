/// How exactly products of float32 matrices, and convolutions, are computed. Sums stay float32, and so do tensors, but for
/// some that a GPU keeps less exactly.
///
///     withProductPrecision(.bfloat16) {
///       let y = x.matmul(w)  // x and w rounded to bfloat16, their products added up in float32
///     }
///
/// Products of other element types are always exact to their type.
public enum ProductPrecision: String, Codable, CaseIterable, Sendable {
  /// Factors as they are.
  case float32
  /// Factors rounded to ten bits after the point, by the tensor cores of a CUDA device; the processor has no such mode.
  case tf32
  /// Factors rounded to bfloat16, seven bits after the point, to nearest and ties to even. On a CUDA device results of
  /// cuDNN's convolutions and of linear layers with at least 512 rows and columns are rounded so, too, and with them what
  /// is computed from such results alone by activations, arithmetic, pooling or batch normalization, and the gradients
  /// of all these; not gradients of leaves, sums, losses, or what is combined with other tensors.
  case bfloat16

  /// What this thread's products use, forward and backward; float32 unless set.
  public static var current: ProductPrecision {
    get { ThreadState.current.productPrecision }
    set { ThreadState.current.productPrecision = newValue }
  }
}

/// Runs `body` with products of float32 matrices computed as `precision` says on this thread.
public func withProductPrecision<R>(_ precision: ProductPrecision, _ body: () throws -> R) rethrows -> R {
  try ThreadState.with(\.productPrecision, precision, body)
}
