import CKernels

extension CPUBackend {
  /// So many vectors are compared at a time with those of a panel, which is arranged anew for each such strip.
  private static let stripRows = 512

  func distances(_ x: Tensor, _ y: Tensor, into result: Tensor) -> Bool {
    typealias Kernel<T> = (
      Int, Int, UnsafePointer<T>?, Int, UnsafePointer<T>?, UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?, Int
    ) -> Void
    let size = x.shape[x.rank - 1], rows = x.shape[x.rank - 2], others = y.shape[y.rank - 2]
    guard result.count > 0 else { return true }
    let panelColumns = Int(dt_distance_columns), panels = (others + panelColumns - 1) / panelColumns
    let strips = (rows + Self.stripRows - 1) / Self.stripRows
    func run<T: TensorElement>(_: T.Type, _ kernel: @escaping Kernel<T>) {
      let threads = LoopThreads.threads(for: result.count * size)
      let scratch = (0..<threads).map { _ in
        Tensor(uninitialized: [size * panelColumns], dtype: x.dtype, device: .cpu)
      }
      LoopThreads.shared.share(result.count / (rows * others) * panels * strips, over: threads) { i, thread in
        let (block, strip) = i.quotientAndRemainder(dividingBy: strips)
        let (matrix, panel) = block.quotientAndRemainder(dividingBy: panels)
        let (row, first) = (strip * Self.stripRows, panel * panelColumns)
        kernel(
          min(Self.stripRows, rows - row), size, x.from((matrix * rows + row) * size),
          min(panelColumns, others - first), y.from((matrix * others + first) * size),
          scratch[thread].pointer(T.self), result.from((matrix * rows + row) * others + first), others)
      }
    }
    switch x.dtype {
    case .float32: run(Float.self, dt_distances_f32)
    case .float64: run(Double.self, dt_distances_f64)
    default: unsupported("distances", x.dtype)
    }
    return true
  }
}
