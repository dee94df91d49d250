import CCUDA
import Foundation

/// GPUs of several processes that add up and gather arrays over NVLink, PCIe or the network, by NVIDIA's NCCL.
///
/// Sums run on a stream of their own, beside computation: of what was computed before ``startSum(_:of:)``, and for what is
/// computed after ``finishSums()``. All ranks make the same calls in the same order. These can be part of a
/// ``RecordedWork``, if they are on all ranks, and all launch it; it must be gone before the group.
package final class NCCLGroup {
  /// What one rank makes and all need to form a group.
  package static let idByteCount = MemoryLayout<dt_nccl_id>.size

  private let device: CUDADevice
  private let rank: Int
  private let size: Int
  /// Absent after a failure.
  private var communicator: dt_nccl?
  /// Signalled when the library has freed what it had.
  private let isFreed = DispatchSemaphore(value: 0)
  private let stream: dt_stream
  private let computed: CUDAEvent
  private let summed: CUDAEvent

  /// The library's version, as in 22703; nil where there is none.
  ///
  /// - Throws: ``CUDAError`` when it is there, but cannot be used.
  package static func version() throws -> Int? {
    do { _ = try library.get() } catch CUDAError.libraryNotFound { return nil }
    var number: Int32 = 0
    try check(dt_ncclGetVersion(&number), "ncclGetVersion")
    return Int(number)
  }

  private static let library = Result { try CUDALibrary.nccl.open() }

  /// A new group's identity.
  ///
  /// - Throws: ``CUDAError`` when the library is missing or refuses.
  package static func makeID() throws -> [UInt8] {
    _ = try library.get()
    var id = dt_nccl_id()
    try check(dt_ncclGetUniqueId(&id), "ncclGetUniqueId")
    return withUnsafeBytes(of: &id) { Array($0) }
  }

  /// Joins a group; returns once all of its ranks have.
  ///
  /// - Parameters:
  ///   - id: From ``makeID()`` of one of the ranks.
  ///   - device: A GPU that no other rank has.
  /// - Throws: ``CUDAError`` when the library is missing or the ranks cannot connect.
  package init(id: [UInt8], rank: Int, size: Int, device: Device) throws {
    precondition(id.count == Self.idByteCount, "a group's identity of \(id.count) bytes, not \(Self.idByteCount)")
    guard case .cuda(let index) = device else { preconditionFailure("NCCL on \(device)") }
    _ = try Self.library.get()
    (self.rank, self.size) = (rank, size)
    self.device = try CUDADevice.opened(index)
    self.device.enter()
    let identity = id.withUnsafeBytes { $0.loadUnaligned(as: dt_nccl_id.self) }
    var communicator: dt_nccl?
    try Self.check(dt_ncclCommInitRank(&communicator, Int32(size), identity, Int32(rank)), "ncclCommInitRank")
    guard let communicator else { throw CUDAError.callFailed(call: "ncclCommInitRank", reason: "no communicator") }
    self.communicator = communicator
    stream = try CUDADevice.makeStream()
    computed = CUDAEvent(context: self.device.context)
    summed = CUDAEvent(context: self.device.context)
  }

  /// Leaves the group, in order where nothing has failed: `ncclCommDestroy` frees memory that other ranks of the node use
  /// only when they call it, too. That is no call in the order of others, for whenever a rank's group goes, it waits for
  /// its sums as ``settle(within:)`` does and for the rest two seconds at most, and a thread of its own goes on.
  deinit {
    settle()
    if let communicator { leave(communicator, by: dt_ncclCommDestroy) }
    // A process that ends meanwhile takes away what the call works with: that waits for it, if it is not held up.
    _ = isFreed.wait(timeout: .now() + 2)
    device.enter()
    CUDADriver.require(dt_cuStreamDestroy_v2(stream), "cuStreamDestroy")
  }

  /// Starts to add up a range of an array, float32 or float64, over all ranks, in its place.
  ///
  /// - Throws: ``CUDAError`` when the library refuses, or a sum before this one failed.
  package func startSum(_ elements: Range<Int>, of array: Tensor) throws {
    precondition(elements.upperBound <= array.count, "elements \(elements) of \(array.count)")
    guard !elements.isEmpty else { return }
    let start = array.address + elements.lowerBound * array.dtype.byteCount
    let sum: Int32 = 0
    try startAfterComputation("ncclAllReduce", array.dtype) { type, communicator in
      dt_ncclAllReduce(start, start, elements.count, type, sum, communicator, stream)
    }
  }

  /// Gives all ranks the whole of an array, float32 or float64, of which each has one of `size` equal parts, in their order.
  /// All computation from now on waits for it.
  ///
  /// - Throws: ``CUDAError`` when the library refuses, or a call before this one failed.
  package func gatherParts(of array: Tensor) throws {
    precondition(array.count.isMultiple(of: size), "\(array.count) elements in \(size) equal parts")
    let partCount = array.count / size
    let own = array.address + rank * partCount * array.dtype.byteCount
    try startAfterComputation("ncclAllGather", array.dtype) { type, communicator in
      dt_ncclAllGather(own, array.address, partCount, type, communicator, stream)
    }
    try finishSums()
  }

  /// Starts something on the group's stream, with NCCL's number of a type.
  private func startAfterComputation(
    _ call: String, _ dtype: DataType, _ body: (_ type: Int32, _ communicator: dt_nccl) -> Int32
  ) throws {
    let types: [DataType: Int32] = [.float32: 7, .float64: 8]
    guard let type = types[dtype] else { unsupported(call, dtype) }
    computed.record(on: device.stream)
    computed.hold(stream)
    try checkForFailure()
    try withCommunicator { try Self.check(body(type, $0), call) }
  }

  /// Makes all computation from now on wait for the sums so far, without waiting itself.
  ///
  /// - Throws: ``CUDAError`` when one of them failed.
  package func finishSums() throws {
    try checkForFailure()
    summed.record(on: stream)
    summed.hold(device.stream)
  }

  /// Whether the sums before the last ``finishSums()``, which was not recorded, are there.
  package var hasEnded: Bool { summed.isPassed }

  /// - Throws: ``CUDAError`` when something has failed, now or before.
  package func checkForFailure() throws {
    try withCommunicator {
      var status: Int32 = 0
      try Self.check(dt_ncclCommGetAsyncError($0, &status), "ncclCommGetAsyncError")
      let inProgress: Int32 = 7
      if status != inProgress { try Self.check(status, "NCCL") }
    }
  }

  /// Waits for what the GPU was asked for, and has all sums end if they fail, or last longer than `seconds`: a rank that
  /// has failed takes no part in them, and the GPU would wait for ever.
  ///
  /// - Returns: Whether no sum had to be ended now.
  @discardableResult
  package func settle(within seconds: Double = 10) -> Bool {
    guard communicator != nil else { return true }
    summed.record(on: stream)
    computed.record(on: device.stream)
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !(summed.isPassed && computed.isPassed) {
      do { try checkForFailure() } catch { return false }
      guard ContinuousClock.now < deadline else {
        abandon()
        return false
      }
      Thread.sleep(forTimeInterval: 1e-4)
    }
    return true
  }

  /// Ends all sums where `body` fails, for the GPU would wait for ever for those that others do not take part in.
  private func withCommunicator(_ body: (dt_nccl) throws -> Void) throws {
    guard let communicator else {
      throw CUDAError.callFailed(call: "NCCL", reason: "a call before this one failed")
    }
    do { try body(communicator) } catch {
      abandon()
      throw error
    }
  }

  /// Ends all sums, and waits for no other rank, which one that fails has to tell why first.
  private func abandon() {
    if let communicator { leave(communicator, by: dt_ncclCommAbort) }
    communicator = nil
  }

  /// Calls what frees all that the library has, on a thread of its own: it returns only when the graphs with sums are gone,
  /// too.
  private func leave(_ communicator: dt_nccl, by call: @escaping @Sendable (dt_nccl) -> Int32) {
    nonisolated(unsafe) let communicator = communicator
    Thread.detachNewThread { [isFreed] in
      _ = call(communicator)
      isFreed.signal()
    }
  }

  private static func check(_ status: Int32, _ call: String) throws {
    guard status != 0 else { return }
    func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
    let (name, more) = (text(dt_ncclGetErrorString(status)), text(dt_ncclGetLastError(nil)))
    throw CUDAError.callFailed(call: call, reason: more.isEmpty ? name : "\(name): \(more)")
  }
}
