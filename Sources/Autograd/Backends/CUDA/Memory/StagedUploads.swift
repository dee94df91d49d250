import CCUDA

/// Brings batches to a GPU while it computes on the batch before.
///
/// There are two places for a batch. One is filled from pinned memory, beside the computation, once everything that was
/// asked for on its last content is done; computation on the new content then waits for the copy, and the caller for
/// neither.
package final class StagedUploads {
  private let device: CUDADevice
  private var places: [Place]
  private var next = 0

  /// Uploads to a GPU; any other device traps.
  package init(to device: Device) {
    guard case .cuda(let index) = device else { preconditionFailure("staged uploads to \(device)") }
    let gpu = CUDADevice.required(index)
    self.device = gpu
    places = (0..<2).map { _ in Place(gpu, device) }
  }

  /// Copies on the GPU of tensors in the processor's memory, which may be changed on return. The copies are overwritten
  /// by the second call from now.
  package func upload(_ tensors: [Tensor]) -> [Tensor] {
    places[1 - next].contentIsInUse()
    defer { next = 1 - next }
    return places[next].fill(tensors)
  }

  private final class Place {
    private let gpu: CUDADevice
    private let device: Device
    private var pinned: PinnedMemory?
    private var content: Tensor?
    private let copied: CUDAEvent
    private let used: CUDAEvent

    init(_ gpu: CUDADevice, _ device: Device) {
      self.gpu = gpu
      self.device = device
      copied = CUDAEvent(context: gpu.context)
      used = CUDAEvent(context: gpu.context)
    }

    /// The pinned memory goes when nothing is being copied from it.
    deinit { copied.wait() }

    /// Takes note that all that was asked for so far may read the content.
    func contentIsInUse() { used.record(on: gpu.stream) }

    func fill(_ tensors: [Tensor]) -> [Tensor] {
      var starts: [Int] = []
      var end = 0
      for tensor in tensors {
        precondition(tensor.device == .cpu, "a tensor on \(tensor.device) is not uploaded")
        starts.append(end)
        end = (end + tensor.count * tensor.dtype.byteCount + 255) / 256 * 256
      }
      let (pinned, content) = memory(byteCount: end)
      copied.wait()
      for (tensor, start) in zip(tensors, starts) {
        tensor.withBytes { bytes in
          if let source = bytes.baseAddress { (pinned.start + start).copyMemory(from: source, byteCount: bytes.count) }
        }
      }
      used.hold(gpu.copyStream)
      CUDADriver.require(
        dt_cuMemcpyHtoDAsync_v2(content.address, pinned.start, end, gpu.copyStream), "copying \(end) bytes to the GPU")
      copied.record(on: gpu.copyStream)
      copied.hold(gpu.stream)
      return zip(tensors, starts).map { tensor, start in
        Tensor(
          storage: content.storage, offset: start / tensor.dtype.byteCount, shape: tensor.shape, dtype: tensor.dtype)
      }
    }

    /// Memory of at least so many bytes on both sides, in which the last content is no longer needed here.
    private func memory(byteCount: Int) -> (PinnedMemory, Tensor) {
      if let pinned, let content, content.count >= byteCount { return (pinned, content) }
      copied.wait()
      let pinned = PinnedMemory(byteCount: max(byteCount, 256), context: gpu.context)
      let content = Tensor(uninitialized: [max(byteCount, 256)], dtype: .uint8, device: device)
      // The block may have been somebody else's, who asked for work on it on the stream of computation.
      used.record(on: gpu.stream)
      (self.pinned, self.content) = (pinned, content)
      return (pinned, content)
    }
  }
}
