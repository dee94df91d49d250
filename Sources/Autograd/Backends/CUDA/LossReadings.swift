import CCUDA

/// Brings single numbers from a GPU to the processor's memory, in the order of computation, without waiting for them.
package final class LossReadings {
  /// A number on its way.
  package struct Reading {
    fileprivate let place: UnsafeMutableRawPointer
    fileprivate let owner: PinnedMemory
    fileprivate let dtype: DataType
    fileprivate let isThere: CUDAEvent

    /// The number, once it is there: what the GPU was given after it is not waited for.
    package func value() -> Double {
      isThere.wait()
      return withExtendedLifetime(owner) {
        dtype == .float64 ? place.load(as: Double.self) : Double(place.load(as: Float.self))
      }
    }
  }

  /// The readings that can be under way.
  private static let placeCount = 2

  private let gpu: CUDADevice
  private let memory: PinnedMemory
  private let events: [CUDAEvent]
  private var next = 0

  init(_ gpu: CUDADevice) {
    self.gpu = gpu
    memory = PinnedMemory(byteCount: Self.placeCount * MemoryLayout<Double>.stride, context: gpu.context)
    events = (0..<Self.placeCount).map { _ in CUDAEvent(context: gpu.context) }
  }

  deinit {
    // The GPU may still be writing for whoever did not ask.
    for event in events { event.wait() }
  }

  /// Starts to bring the only element of `x`, float32 or float64. The second call from now uses its place again.
  func start(_ x: Tensor) -> Reading {
    precondition(x.count == 1 && x.dtype.isFloatingPoint, "a reading of \(x.shape) elements of \(x.dtype)")
    let (place, event) = (memory.start + next * MemoryLayout<Double>.stride, events[next])
    next = (next + 1) % Self.placeCount
    gpu.enter()
    CUDADriver.require(
      dt_cuMemcpyDtoHAsync_v2(place, x.address, x.dtype.byteCount, gpu.stream), "copying a number from the GPU")
    event.record(on: gpu.stream)
    return Reading(place: place, owner: memory, dtype: x.dtype, isThere: event)
  }
}
