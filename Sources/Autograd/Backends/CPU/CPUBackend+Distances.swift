import CKernels

extension CPUBackend {
  func distances(_ x: Tensor, _ y: Tensor, into result: Tensor) -> Bool {
    typealias Kernel<T> = (
      Int, Int, UnsafePointer<T>?, Int, UnsafePointer<T>?, UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?, Int
    ) -> Void
    let size = x.shape[x.rank - 1], rows = x.shape[x.rank - 2], others = y.shape[y.rank - 2]
    guard result.count > 0 else { return true }
    let panelColumns = Int(dt_distance_columns), panels = (others + panelColumns - 1) / panelColumns
    func run<T: TensorElement>(_: T.Type, _ kernel: @escaping Kernel<T>) {
      let threads = LoopThreads.threads(for: result.count * size)
      let scratch = (0..<threads).map { _ in
        Tensor(uninitialized: [size * panelColumns], dtype: x.dtype, device: .cpu)
      }
      LoopThreads.shared.share(result.count / (rows * others) * panels, over: threads) { i, thread in
        let (matrix, panel) = i.quotientAndRemainder(dividingBy: panels)
        let first = panel * panelColumns
        kernel(
          rows, size, x.from(matrix * rows * size), min(panelColumns, others - first),
          y.from((matrix * others + first) * size), scratch[thread].pointer(T.self),
          result.from(matrix * rows * others + first), others)
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
