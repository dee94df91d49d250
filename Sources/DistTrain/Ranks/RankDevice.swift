import Autograd
import Collective

extension Communicator {
  /// The device of a kind on which this rank computes, ready for use. Collective.
  ///
  /// Rank i of a node has its i-th GPU, counted round where there are more ranks than GPUs; a launcher that shows every
  /// rank a GPU of its own (`CUDA_VISIBLE_DEVICES`) is respected by that.
  ///
  /// - Throws: A `CUDAError` on the ranks whose GPU cannot be used, a `PeerFailure` on the others.
  public func openDevice(_ kind: TrainingConfiguration.DeviceKind) throws -> Device {
    guard kind == .cuda else { return .cpu }
    return try agree(on: "opening the GPU") {
      let device = Device.cuda(localRank % max(1, Device.cudaCount))
      try device.open()
      return device
    }
  }
}
