import CCUDA
import Synchronization

/// Pinned memory of the processor, from which the GPU copies while the program goes on.
final class StagingBuffers: @unchecked Sendable {
  private struct Slot: @unchecked Sendable {
    let memory: PinnedMemory
    /// Reached when the GPU has done with the memory.
    let isFree: CUDAEvent

    init(_ context: dt_context) {
      memory = PinnedMemory(byteCount: slotBytes, context: context)
      isFree = CUDAEvent(context: context)
    }
  }

  private struct State {
    var slots: [Slot] = []
    var next = 0
  }

  /// The size of a copy that goes through one buffer.
  static let slotBytes = 2 << 20
  private static let slotCount = 4

  private let context: dt_context
  private let state = Mutex(State())

  init(context: dt_context) { self.context = context }

  /// Starts to copy to GPU memory, in the order of `stream`; the source may be changed on return.
  func upload(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, byteCount: Int, on stream: dt_stream)
  {
    for start in stride(from: 0, to: byteCount, by: Self.slotBytes) {
      let count = min(Self.slotBytes, byteCount - start)
      withNextSlot { slot in
        slot.memory.start.copyMemory(from: source + start, byteCount: count)
        CUDADriver.require(
          dt_cuMemcpyHtoDAsync_v2(destination + start, slot.memory.start, count, stream),
          "copying \(count) bytes to the GPU")
        slot.isFree.record(on: stream)
      }
    }
  }

  /// Copies from GPU memory what the calls on `stream` before have computed, and waits for it.
  func download(
    _ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, byteCount: Int, on stream: dt_stream
  ) {
    for start in stride(from: 0, to: byteCount, by: Self.slotBytes) {
      let count = min(Self.slotBytes, byteCount - start)
      withNextSlot { slot in
        CUDADriver.require(
          dt_cuMemcpyDtoHAsync_v2(slot.memory.start, source + start, count, stream),
          "copying \(count) bytes from the GPU")
        CUDADriver.require(dt_cuStreamSynchronize(stream), "waiting for the GPU")
        (destination + start).copyMemory(from: slot.memory.start, byteCount: count)
      }
    }
  }

  private func withNextSlot(_ body: (Slot) -> Void) {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    ThreadState.current.transferCount += 1
    state.withLock { state in
      if state.slots.isEmpty { state.slots = (0..<Self.slotCount).map { _ in Slot(context) } }
      let slot = state.slots[state.next]
      state.next = (state.next + 1) % Self.slotCount
      slot.isFree.wait()
      body(slot)
    }
  }
}
