/// The rows and columns of a convolution's input that are a multiple of the stride apart, which meet the same elements
/// of the kernel: the gradient of the input is a sum over the gradient of the output for each such phase by itself.
struct ConvolutionPhase {
  let correlation: Correlation
  /// The elements of the kernel that reach the phase, in the order of the correlation's taps.
  let elements: [Int]
  /// The first row and column.
  let start: (row: Int, column: Int)

  /// The phases that any element of the kernel reaches, for one group of channels.
  static func all(of geometry: ConvolutionGeometry, _ dtype: DataType) -> [Self] {
    let window = geometry.window
    let rows = Line.all(
      geometry.input[2], geometry.weight[2], window.stride.0, window.padding.0, window.dilation.0)
    let columns = Line.all(
      geometry.input[3], geometry.weight[3], window.stride.1, window.padding.1, window.dilation.1)
    return rows.flatMap { row in
      columns.map { column in
        Self(
          correlation: Correlation(
            dtype, channels: geometry.groupFilters, filters: geometry.groupChannels, size: geometry.outputSize,
            rows: row.axis, columns: column.axis),
          elements: row.elements.flatMap { i in column.elements.map { i * geometry.weight[3] + $0 } },
          start: (row.start, column.start))
      }
    }
  }

  /// Whether phases leave out elements of the input, which have no gradient.
  static func leaveOut(_ phases: [Self], of geometry: ConvolutionGeometry) -> Bool {
    phases.reduce(0) { $0 + $1.correlation.rows.places * $1.correlation.columns.places } < geometry.inputPlane
  }

  /// The same in one direction.
  private struct Line {
    let start: Int
    let elements: [Int]
    let axis: Correlation.Axis

    static func all(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> [Self] {
      (0..<min(stride, size)).compactMap { start in
        let elements = (0..<kernel).filter { (start + padding - $0 * dilation) % stride == 0 }
        let shifts = elements.map { (start + padding - $0 * dilation) / stride }
        guard let first = shifts.min() else { return nil }
        let axis = Correlation.Axis(
          places: (size - start + stride - 1) / stride, stride: 1, before: -first, taps: shifts.map { $0 - first })
        return Self(start: start, elements: elements, axis: axis)
      }
    }
  }
}
