extension ProfilingBackend {
  func upload(_ source: UnsafeRawPointer, to result: Tensor) {
    recorded(.init("upload", result.extent, bytes: result.byteCount)) { base.upload(source, to: result) }
  }

  func download(_ x: Tensor, to destination: UnsafeMutableRawPointer) {
    recorded(.init("download", x.extent, bytes: x.byteCount)) { base.download(x, to: destination) }
  }

  func fill(_ result: Tensor, with value: Double) {
    recorded(.init("fill", result.extent, bytes: result.byteCount)) { base.fill(result, with: value) }
  }

  func convert(_ x: Tensor, into result: Tensor) {
    recorded(.init("convert", result.extent, bytes: x.byteCount + result.byteCount)) { base.convert(x, into: result) }
  }

  func copy(_ x: Tensor, offset: Int, strides: [Int], into result: Tensor) {
    let isRepeated = x.count < result.count
    recorded(
      .init(
        isRepeated ? "broadcast" : "copy", result.extent,
        bytes: (isRepeated ? x.byteCount : result.byteCount) + result.byteCount)
    ) { base.copy(x, offset: offset, strides: strides, into: result) }
  }

  func place(_ x: Tensor, into result: Tensor, offset: Int, strides: [Int]) {
    recorded(.init("place", x.extent, bytes: 2 * x.byteCount)) {
      base.place(x, into: result, offset: offset, strides: strides)
    }
  }
}
