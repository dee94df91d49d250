import CCUDA

/// NVIDIA's driver, opened once a process.
struct CUDADriver {
  /// The version of CUDA that the driver is for, as in (13, 0).
  let version: (major: Int, minor: Int)
  let deviceCount: Int

  /// The driver, or why there is none.
  static let shared = Result { try CUDADriver() }

  private init() throws {
    try CUDALibrary.driver.open()
    try Self.check(dt_cuInit(0), "cuInit")
    var number: Int32 = 0
    try Self.check(dt_cuDriverGetVersion(&number), "cuDriverGetVersion")
    version = (Int(number) / 1000, Int(number) % 1000 / 10)
    var count: Int32 = 0
    try Self.check(dt_cuDeviceGetCount(&count), "cuDeviceGetCount")
    deviceCount = Int(count)
  }

  /// Throws when `status`, which `call` returned, is not success.
  static func check(_ status: Int32, _ call: StaticString) throws {
    if status != 0 { throw CUDAError.callFailed(call: "\(call)", reason: text(of: status)) }
  }

  /// Stops the program when `status` is not success: after an error on the GPU nothing that it computed can be believed.
  @inline(__always)
  static func require(_ status: Int32, _ call: @autoclosure () -> String) {
    if status != 0 { preconditionFailure("\(call()) failed: \(text(of: status))") }
  }

  /// The driver's name and explanation of a status.
  static func text(of status: Int32) -> String {
    var name: UnsafePointer<CChar>?
    var explanation: UnsafePointer<CChar>?
    guard dt_cuGetErrorName(status, &name) == 0, dt_cuGetErrorString(status, &explanation) == 0, let name,
      let explanation
    else { return "unknown status \(status)" }
    return "\(String(cString: name)): \(String(cString: explanation))"
  }
}
