import CCUDA

/// NVRTC, which makes machine code of kernels.
package struct KernelCompiler: Sendable {
  let version: (major: Int, minor: Int)
  /// The architectures that code can be made for, as in 90.
  private let architectures: [Int]

  /// Opens the library.
  ///
  /// - Parameter newestVersion: The version of CUDA whose code the driver can load.
  package init(newestVersion: Int?) throws {
    try CUDALibrary.nvrtc.open(newest: newestVersion)
    var (major, minor): (Int32, Int32) = (0, 0)
    try Self.check(dt_nvrtcVersion(&major, &minor), "nvrtcVersion")
    version = (Int(major), Int(minor))
    var count: Int32 = 0
    try Self.check(dt_nvrtcGetNumSupportedArchs(&count), "nvrtcGetNumSupportedArchs")
    var supported = [Int32](repeating: 0, count: Int(count))
    try Self.check(dt_nvrtcGetSupportedArchs(&supported), "nvrtcGetSupportedArchs")
    architectures = supported.map(Int.init)
  }

  /// What a program is compiled for: an architecture itself, or the closest before it, in the intermediate code that
  /// the driver translates.
  package enum Target: CustomStringConvertible, Sendable {
    case machine(Int)
    case intermediate(Int)

    package var description: String {
      switch self {
      case .machine(let architecture): "sm_\(architecture)"
      case .intermediate(let architecture): "compute_\(architecture)"
      }
    }
  }

  func target(for architecture: Int) -> Target {
    if architectures.contains(architecture) { return .machine(architecture) }
    return .intermediate(architectures.last { $0 < architecture } ?? architecture)
  }

  /// The options of every compilation.
  static let options = ["--std=c++17"]

  /// Compiles a module.
  ///
  /// - Throws: ``CUDAError/compilationFailed(module:architecture:log:)`` with what the compiler said.
  /// - Returns: The code, and what the compiler said about it.
  package func compile(
    _ module: KernelModule, for target: Target, options extra: [String] = []
  ) throws -> (image: [UInt8], log: String) {
    let headers = KernelSources.headers
    let program = try Self.withPointers(to: headers.map(\.text)) { texts in
      try Self.withPointers(to: headers.map(\.name)) { names in
        var program: dt_program?
        try Self.check(
          dt_nvrtcCreateProgram(
            &program, KernelSources.text(of: module), module.fileName, Int32(headers.count), texts, names),
          "nvrtcCreateProgram")
        return program
      }
    }
    var owned = program
    defer { _ = dt_nvrtcDestroyProgram(&owned) }
    let options = ["--gpu-architecture=\(target)"] + Self.options + extra
    let status = Self.withPointers(to: options) { dt_nvrtcCompileProgram(program, Int32(options.count), $0) }
    let log = try Self.text(of: program)
    guard status == 0 else {
      throw CUDAError.compilationFailed(
        module: module.fileName, architecture: "\(target)", log: log.isEmpty ? Self.text(of: status) : log)
    }
    var byteCount = 0
    switch target {
    case .machine: try Self.check(dt_nvrtcGetCUBINSize(program, &byteCount), "nvrtcGetCUBINSize")
    case .intermediate: try Self.check(dt_nvrtcGetPTXSize(program, &byteCount), "nvrtcGetPTXSize")
    }
    var image = [UInt8](repeating: 0, count: byteCount)
    try image.withUnsafeMutableBytes { bytes in
      let start = bytes.assumingMemoryBound(to: CChar.self).baseAddress
      switch target {
      case .machine: try Self.check(dt_nvrtcGetCUBIN(program, start), "nvrtcGetCUBIN")
      case .intermediate: try Self.check(dt_nvrtcGetPTX(program, start), "nvrtcGetPTX")
      }
    }
    return (image, log)
  }

  private static func text(of program: dt_program?) throws -> String {
    var byteCount = 0
    try check(dt_nvrtcGetProgramLogSize(program, &byteCount), "nvrtcGetProgramLogSize")
    var log = [CChar](repeating: 0, count: byteCount + 1)
    try check(dt_nvrtcGetProgramLog(program, &log), "nvrtcGetProgramLog")
    return log.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }

  private static func check(_ status: Int32, _ call: String) throws {
    if status != 0 { throw CUDAError.callFailed(call: call, reason: text(of: status)) }
  }

  private static func text(of status: Int32) -> String {
    dt_nvrtcGetErrorString(status).map { String(cString: $0) } ?? "unknown status \(status)"
  }

  /// Calls `body` with the texts as C strings.
  private static func withPointers<R>(
    to texts: [String], _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>) throws -> R
  ) rethrows -> R {
    let copies = texts.map { Array($0.utf8CString) }
    let bytes = copies.flatMap { $0 }
    return try bytes.withUnsafeBufferPointer { all in
      try withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: texts.count + 1) { pointers in
        var start = 0
        for (i, copy) in copies.enumerated() {
          pointers.initializeElement(at: i, to: all.baseAddress.map { $0 + start })
          start += copy.count
        }
        pointers.initializeElement(at: texts.count, to: nil)
        guard let first = pointers.baseAddress else { preconditionFailure("no memory for \(texts.count) pointers") }
        return try body(first)
      }
    }
  }
}
