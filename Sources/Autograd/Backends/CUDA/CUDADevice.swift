import CCUDA
import Synchronization

/// A GPU: its context, its streams, its memory and its compiled kernels.
///
/// All computation goes in order through one stream, whichever thread asks for it; so memory that one operation gives
/// back can be used by the next without waiting, and results do not depend on timing.
final class CUDADevice: @unchecked Sendable {
  let index: Int
  let name: String
  /// As in 90 for compute capability 9.0.
  let architecture: Int
  let multiprocessorCount: Int
  let context: dt_context
  /// Where kernels run.
  let stream: dt_stream
  /// Where copies run that computation does not wait for.
  let copyStream: dt_stream
  let memory: CUDAMemory
  let kernels: KernelLibrary
  let matrices: MatrixLibrary
  /// Absent where biases are added by own kernels.
  let biasedProducts: BiasedProductLibrary?
  /// Absent where own kernels compute all convolutions.
  let convolutions: ConvolutionLibrary?
  let staging: StagingBuffers

  /// The oldest GPUs that the kernels are written for: Ampere, the first with bfloat16 and TF32.
  private static let oldestArchitecture = 80

  private static let opened = Mutex<[Int: Result<CUDADevice, any Error>]>([:])

  /// The device of this number, opened the first time.
  ///
  /// - Throws: ``CUDAError`` when it cannot be used.
  static func opened(_ index: Int) throws -> CUDADevice {
    try opened.withLock { devices in
      if let known = devices[index] { return known }
      let result = Result { try CUDADevice(index) }
      devices[index] = result
      return result
    }.get()
  }

  /// The device of this number, which must be usable.
  static func required(_ index: Int) -> CUDADevice {
    do { return try opened(index) } catch { preconditionFailure("cuda:\(index) cannot be used: \(error)") }
  }

  private init(_ index: Int) throws {
    let driver = try CUDADriver.shared.get()
    guard index >= 0 && index < driver.deviceCount else {
      throw CUDAError.noDevice(index: index, count: driver.deviceCount)
    }
    self.index = index
    var device: Int32 = 0
    try CUDADriver.check(dt_cuDeviceGet(&device, Int32(index)), "cuDeviceGet")
    name = try Self.name(of: device)
    architecture =
      try Self.attribute(.computeCapabilityMajor, of: device) * 10
      + Self.attribute(.computeCapabilityMinor, of: device)
    guard architecture >= Self.oldestArchitecture else {
      func text(_ architecture: Int) -> String { "\(architecture / 10).\(architecture % 10)" }
      throw CUDAError.unsupportedDevice(
        name: name, computeCapability: text(architecture), needed: text(Self.oldestArchitecture))
    }
    multiprocessorCount = try Self.attribute(.multiprocessorCount, of: device)
    var context: dt_context?
    try CUDADriver.check(dt_cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain")
    guard let context else { throw CUDAError.callFailed(call: "cuDevicePrimaryCtxRetain", reason: "no context") }
    self.context = context
    try CUDADriver.check(dt_enter(context), "cuCtxSetCurrent")
    stream = try Self.makeStream()
    copyStream = try Self.makeStream()
    memory = CUDAMemory(context: context, streams: [stream, copyStream])
    staging = StagingBuffers(context: context)
    kernels = try KernelLibrary(
      compiler: KernelCompiler(newestVersion: driver.version.major), architecture: architecture, context: context,
      memory: memory)
    matrices = try MatrixLibrary(newestVersion: driver.version.major, stream: stream, memory: memory)
    let isGeneric = Kernels.areGenericAtStart
    biasedProducts =
      try isGeneric
      ? nil
      : BiasedProductLibrary(newestVersion: matrices.version / 10_000, stream: stream, workspace: matrices.workspace)
    convolutions = try isGeneric ? nil : ConvolutionLibrary(newestVersion: driver.version.major, stream: stream)
  }

  /// The UUID that the driver gives this GPU, 16 bytes.
  func identity() throws -> [UInt8] {
    var device: Int32 = 0
    try CUDADriver.check(dt_cuDeviceGet(&device, Int32(index)), "cuDeviceGet")
    var bytes = [UInt8](repeating: 0, count: 16)
    try CUDADriver.check(dt_cuDeviceGetUuid_v2(&bytes, device), "cuDeviceGetUuid")
    return bytes
  }

  /// Waits until everything asked for so far has been computed.
  func synchronize() {
    enter()
    CUDADriver.require(dt_cuStreamSynchronize(stream), "waiting for the GPU")
  }

  /// Whether what is asked for is recorded, and not run.
  var isRecording: Bool {
    var status: Int32 = 0
    CUDADriver.require(dt_cuStreamIsCapturing(stream, &status), "cuStreamIsCapturing")
    return status != 0
  }

  /// Makes the calls of this thread go to this device.
  @inline(__always)
  func enter() { CUDADriver.require(dt_enter(context), "cuCtxSetCurrent") }

  /// A stream that does not wait for the default one.
  static func makeStream() throws -> dt_stream {
    let nonBlocking: UInt32 = 1
    var stream: dt_stream?
    try CUDADriver.check(dt_cuStreamCreate(&stream, nonBlocking), "cuStreamCreate")
    guard let stream else { throw CUDAError.callFailed(call: "cuStreamCreate", reason: "no stream") }
    return stream
  }

  /// Numbers of `CUdevice_attribute`.
  private enum Attribute: Int32 {
    case multiprocessorCount = 16
    case computeCapabilityMajor = 75
    case computeCapabilityMinor = 76
  }

  private static func attribute(_ attribute: Attribute, of device: Int32) throws -> Int {
    var value: Int32 = 0
    try CUDADriver.check(dt_cuDeviceGetAttribute(&value, attribute.rawValue, device), "cuDeviceGetAttribute")
    return Int(value)
  }

  private static func name(of device: Int32) throws -> String {
    var text = [CChar](repeating: 0, count: 256)
    try CUDADriver.check(dt_cuDeviceGetName(&text, Int32(text.count), device), "cuDeviceGetName")
    return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }
}
