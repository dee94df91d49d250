import CCUDA

/// Memory of the processor that the GPU reads and writes by itself.
final class PinnedMemory {
  let start: UnsafeMutableRawPointer
  private let context: dt_context

  init(byteCount: Int, context: dt_context) {
    self.context = context
    var start: UnsafeMutableRawPointer?
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuMemHostAlloc(&start, byteCount, 0), "pinning \(byteCount) bytes of memory")
    guard let start else { preconditionFailure("\(byteCount) pinned bytes at no address") }
    self.start = start
  }

  deinit {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuMemFreeHost(start), "cuMemFreeHost")
  }
}
