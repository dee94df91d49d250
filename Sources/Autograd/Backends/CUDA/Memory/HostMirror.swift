import CCUDA

/// Memory of the processor beside an array on a GPU, between which ranges go to and fro while the GPU computes.
///
/// What computation has written before ``startDownload(_:)`` is what arrives; what is computed after ``finishUploads()``
/// finds what was uploaded. In between, a range belongs to the copy.
package final class HostMirror {
  /// A copy to the processor's memory that may not be complete.
  package struct Download {
    fileprivate let event: CUDAEvent
    /// Whether all elements are there.
    package var isComplete: Bool { event.isPassed }
    /// Returns once all elements are there.
    package func wait() { event.wait() }
  }

  private let array: Tensor
  private let device: CUDADevice
  private let memory: UnsafeMutableRawPointer
  /// Keeps the memory alive.
  private let owner: AnyObject?
  private let isPinned: Bool
  private let computed: CUDAEvent
  private let uploaded: CUDAEvent

  /// Mirrors `array`, which must be on a GPU, in memory of its size that `owner` keeps alive.
  ///
  /// The memory is pinned, where the system allows that, so that copies need no processor.
  package init(of array: Tensor, in bytes: UnsafeMutableRawBufferPointer, owner: AnyObject?) {
    guard let device = array.storage.gpu, let memory = bytes.baseAddress else {
      preconditionFailure("a mirror of an array of \(array.count) elements on \(array.device)")
    }
    precondition(
      bytes.count == array.count * array.dtype.byteCount,
      "a mirror of \(bytes.count) bytes for \(array.count) elements of \(array.dtype)")
    self.array = array
    self.device = device
    self.memory = memory
    self.owner = owner
    device.enter()
    isPinned = dt_cuMemHostRegister_v2(memory, array.count * array.dtype.byteCount, 0) == 0
    computed = CUDAEvent(context: device.context)
    uploaded = CUDAEvent(context: device.context)
  }

  deinit {
    device.enter()
    CUDADriver.require(dt_cuStreamSynchronize(device.copyStream), "waiting for copies")
    if isPinned { CUDADriver.require(dt_cuMemHostUnregister(memory), "cuMemHostUnregister") }
  }

  /// Starts to bring elements to the processor's memory.
  package func startDownload(_ elements: Range<Int>) -> Download {
    let (start, byteCount) = bytes(elements)
    let source = array.address + start
    computed.record(on: device.stream)
    computed.hold(device.copyStream)
    CUDADriver.require(
      dt_cuMemcpyDtoHAsync_v2(memory + start, source, byteCount, device.copyStream),
      "copying \(byteCount) bytes from the GPU")
    let event = CUDAEvent(context: device.context)
    event.record(on: device.copyStream)
    return Download(event: event)
  }

  /// Starts to bring elements to the GPU.
  package func startUpload(_ elements: Range<Int>) {
    let (start, byteCount) = bytes(elements)
    device.enter()
    CUDADriver.require(
      dt_cuMemcpyHtoDAsync_v2(array.address + start, memory + start, byteCount, device.copyStream),
      "copying \(byteCount) bytes to the GPU")
  }

  /// Makes all computation from now on wait for the uploads so far, without waiting itself.
  package func finishUploads() {
    uploaded.record(on: device.copyStream)
    uploaded.hold(device.stream)
  }

  private func bytes(_ elements: Range<Int>) -> (start: Int, byteCount: Int) {
    precondition(
      elements.lowerBound >= 0 && elements.upperBound <= array.count, "elements \(elements) of \(array.count)")
    let size = array.dtype.byteCount
    return (elements.lowerBound * size, elements.count * size)
  }
}
