import CCUDA

/// Brings a few numbers from a GPU to the processor's memory, in the order of computation, without waiting for them.
package final class LossReadings {
  /// Numbers on their way.
  package struct Reading {
    fileprivate let places: [(start: UnsafeMutableRawPointer, count: Int, dtype: DataType)]
    fileprivate let owner: PinnedMemory
    fileprivate let arrival: CUDAEvent

    /// Whether the numbers are there.
    package var isThere: Bool { arrival.isPassed }

    /// The numbers of each array, once they are there: what the GPU was given after them is not waited for.
    package func values() -> [[Double]] {
      arrival.wait()
      return withExtendedLifetime(owner) {
        places.map { start, count, dtype in
          (0..<count).map { index in
            let place = start + index * dtype.byteCount
            return dtype == .float64 ? place.load(as: Double.self) : Double(place.load(as: Float.self))
          }
        }
      }
    }
  }

  /// The readings that can be under way.
  private static let placeCount = 2

  private let gpu: CUDADevice
  private let capacity: Int
  private let memory: PinnedMemory
  private let events: [CUDAEvent]
  private var next = 0

  /// Readings of at most `capacity` numbers.
  init(_ gpu: CUDADevice, capacity: Int) {
    self.gpu = gpu
    self.capacity = capacity
    memory = PinnedMemory(byteCount: Self.placeCount * capacity * MemoryLayout<Double>.stride, context: gpu.context)
    events = (0..<Self.placeCount).map { _ in CUDAEvent(context: gpu.context) }
  }

  deinit {
    // The GPU may still be writing for whoever did not ask.
    for event in events { event.wait() }
  }

  /// Starts to bring the elements of arrays, float32 or float64. The second call from now uses their place again.
  func start(_ arrays: [Tensor]) -> Reading {
    let (start, event) = (memory.start + next * capacity * MemoryLayout<Double>.stride, events[next])
    next = (next + 1) % Self.placeCount
    gpu.enter()
    var used = 0
    let places = arrays.map { array in
      precondition(
        used + array.count <= capacity && array.dtype.isFloatingPoint,
        "a reading of \(array.shape) elements of \(array.dtype) after \(used), not of \(capacity) in all")
      let place = start + used * MemoryLayout<Double>.stride
      CUDADriver.require(
        dt_cuMemcpyDtoHAsync_v2(place, array.address, array.count * array.dtype.byteCount, gpu.stream),
        "copying \(array.count) numbers from the GPU")
      used += array.count
      return (start: place, count: array.count, dtype: array.dtype)
    }
    event.record(on: gpu.stream)
    return Reading(places: places, owner: memory, arrival: event)
  }
}
