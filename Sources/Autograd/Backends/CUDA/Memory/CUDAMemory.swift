import CCUDA
import Foundation
import Synchronization

/// The memory of a GPU that tensors use: freed blocks by size class, so that a training step after the first asks the
/// driver for nothing, which would make the GPU wait.
///
/// A block is used again as soon as its tensor is gone, while the GPU may still be reading it: everything that will
/// write to it comes later in the same stream.
final class CUDAMemory: @unchecked Sendable {
  /// A free block; it belongs to nobody until it is taken again.
  private struct FreeBlock: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
  }

  private struct State: @unchecked Sendable {
    /// Free blocks by size class that anybody may have.
    var shared = State.noBlocks
    /// Those of each piece of work that is repeated at the same addresses.
    var reserved: [ObjectIdentifier: [[FreeBlock]]] = [:]
    /// Whose a block is, in use or free, that is not anybody's.
    var reservations: [UInt: ObjectIdentifier] = [:]
    /// The rest of the segment from which small blocks are cut.
    var segment = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var bytesFromDriver = 0
    var bytesInUse = 0

    static let noBlocks: [[FreeBlock]] = Array(repeating: [], count: SizeClass.count)
  }

  /// Small blocks are cut from segments of this size, for the driver's own blocks are of 2 MiB.
  private static let segmentBytes = 8 << 20
  /// Larger blocks come from the driver one by one.
  private static let largestSmallBlock = 1 << 20

  /// Whether each tensor has a block of the driver's to itself, of just its size, which goes back with it: what a kernel
  /// reads or writes beyond, or reads before anything is written there, then shows. With `DISTTRAIN_CUDA_MEMORY=separate`
  /// in the environment, for tests.
  private static let isSeparate = ProcessInfo.processInfo.environment["DISTTRAIN_CUDA_MEMORY"] == "separate"

  private let context: dt_context
  /// All streams on which blocks are used; everything is recorded on the first.
  private let streams: [dt_stream]
  private let state: Mutex<State>

  init(context: dt_context, streams: [dt_stream]) {
    self.context = context
    self.streams = streams
    state = Mutex(State())
  }

  /// The bytes taken from the driver since the start, which stop growing when training is under way, and those that
  /// tensors hold now.
  var byteCounts: (fromDriver: Int, inUse: Int) { state.withLock { ($0.bytesFromDriver, $0.bytesInUse) } }

  /// The bytes that the driver has left for anybody.
  var freeByteCount: Int {
    var (free, total) = (0, 0)
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuMemGetInfo_v2(&free, &total), "cuMemGetInfo")
    return free
  }

  /// Uninitialized memory, aligned to 256 bytes.
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let size = SizeClass(byteCount: max(byteCount, 256))
    let recording = ThreadState.current.recordedWork
    return state.withLock { state in
      state.bytesInUse += size.capacity
      if !Self.isSeparate, let recording, let block = state.reserved[recording]?[size.index].popLast() {
        return block.start
      }
      let block =
        Self.isSeparate
        ? allocate(max(byteCount, 1), &state) : state.shared[size.index].popLast()?.start ?? makeBlock(size, &state)
      if let recording { state.reservations[UInt(bitPattern: block)] = recording }
      return block
    }
  }

  private func makeBlock(_ size: SizeClass, _ state: inout State) -> UnsafeMutableRawPointer {
    guard size.capacity <= Self.largestSmallBlock else { return allocate(size.capacity, &state) }
    let bytes = (size.capacity + 255) & ~255
    if state.segment.count < bytes {
      state.segment = UnsafeMutableRawBufferPointer(
        start: allocate(Self.segmentBytes, &state), count: Self.segmentBytes)
    }
    let block = UnsafeMutableRawBufferPointer(rebasing: state.segment[..<bytes])
    state.segment = UnsafeMutableRawBufferPointer(rebasing: state.segment[bytes...])
    guard let start = block.baseAddress else { preconditionFailure("a segment of GPU memory at no address") }
    return start
  }

  func giveBack(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
    let size = SizeClass(byteCount: max(byteCount, 256))
    let free = FreeBlock(start: block)
    let address = UInt(bitPattern: block)
    state.withLock { state in
      state.bytesInUse -= size.capacity
      if !state.reservations.isEmpty, let owner = state.reservations[address] {
        state.reserved[owner, default: State.noBlocks][size.index].append(free)
      } else if Self.isSeparate {
        release(free)
      } else {
        state.shared[size.index].append(free)
      }
    }
  }

  /// Runs `body`, and all memory that this thread takes meanwhile belongs to `owner` from then on: nobody else gets it,
  /// though it be given back, until ``endReservation(of:)``. The GPU must have done all it was asked for.
  func reserving<R>(for owner: AnyObject, _ body: () throws -> R) rethrows -> R {
    try ThreadState.with(\.recordedWork, ObjectIdentifier(owner), body)
  }

  /// Runs `body`, and the memory that this thread takes meanwhile is not of that which is reserved for the work that it
  /// records: what comes earlier in the work may have used that, and does again after something was brought there.
  static func withoutReservation<R>(_ body: () -> R) -> R {
    ThreadState.with(\.recordedWork, nil, body)
  }

  /// Lets anybody have the memory that was reserved for `owner`, whose tensors are gone.
  func endReservation(of owner: AnyObject) {
    let owner = ObjectIdentifier(owner)
    state.withLock { state in
      if let blocks = state.reserved.removeValue(forKey: owner) {
        for (index, free) in blocks.enumerated() {
          if Self.isSeparate { for block in free { release(block) } } else { state.shared[index] += free }
        }
      }
      state.reservations = state.reservations.filter { $0.value != owner }
    }
  }

  /// The status of a call that has the driver take memory for itself, made again with what nobody uses given back to the
  /// driver where it had too little.
  func makingRoom(_ call: () -> Int32) -> Int32 {
    let status = call()
    guard status == Self.outOfMemory else { return status }
    state.withLock { releaseLargeBlocks(&$0) }
    return call()
  }

  private func allocate(_ byteCount: Int, _ state: inout State) -> UnsafeMutableRawPointer {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    var block: UnsafeMutableRawPointer?
    var status = dt_cuMemAlloc_v2(&block, byteCount)
    if status == Self.outOfMemory {
      releaseLargeBlocks(&state)
      status = dt_cuMemAlloc_v2(&block, byteCount)
    }
    guard status == 0, let block else {
      var (free, total) = (0, 0)
      _ = dt_cuMemGetInfo_v2(&free, &total)
      preconditionFailure(
        "\(byteCount) bytes of GPU memory could not be had (\(CUDADriver.text(of: status))): tensors hold "
          + "\(state.bytesInUse), \(free) of \(total) are free")
    }
    state.bytesFromDriver += byteCount
    return block
  }

  /// Gives a block back to the driver, which waits for the GPU.
  private func release(_ block: FreeBlock) {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    CUDADriver.require(dt_cuMemFree_v2(block.start), "cuMemFree")
  }

  private static let outOfMemory: Int32 = 2

  /// Gives the driver back all large blocks that anybody may have, once nothing that is running can be using them.
  private func releaseLargeBlocks(_ state: inout State) {
    // Recording began when all was done, and a stream on which work is recorded cannot be waited for.
    for stream in streams {
      var isRecorded: Int32 = 0
      CUDADriver.require(dt_cuStreamIsCapturing(stream, &isRecorded), "cuStreamIsCapturing")
      if isRecorded == 0 { CUDADriver.require(dt_cuStreamSynchronize(stream), "waiting for the GPU") }
    }
    let firstLarge = SizeClass(byteCount: Self.largestSmallBlock + 1).index
    for index in firstLarge..<SizeClass.count {
      for block in state.shared[index] {
        release(block)
        state.bytesFromDriver -= SizeClass.capacity(of: index)
      }
      state.shared[index] = []
    }
  }
}
