/// Computes on an NVIDIA GPU, with kernels of its own and cuBLAS. Nothing waits for the GPU but a download.
struct CUDABackend: Backend {
  let device: CUDADevice

  func upload(_ source: UnsafeRawPointer, to result: Tensor) {
    device.staging.upload(
      source, to: result.address, byteCount: result.count * result.dtype.byteCount, on: device.stream)
  }

  func download(_ x: Tensor, to destination: UnsafeMutableRawPointer) {
    if let standIn = x.storage.standIn, x.layout != .plain {
      // A look at the elements changes nothing for operations to come.
      let copy = Tensor(uninitialized: x.shape, dtype: x.dtype, device: x.device)
      writePlain(standIn, to: copy.address)
      return download(copy, to: destination)
    }
    device.staging.download(
      x.address, to: destination, byteCount: x.count * x.dtype.byteCount, on: device.stream)
  }

  func finish() { device.synchronize() }
}

extension CUDADevice {
  /// The backend that computes on this device's memory.
  var backend: CUDABackend { CUDABackend(device: self) }
}
