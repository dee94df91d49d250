/// Why a GPU cannot be used.
public enum CUDAError: Error, Equatable, CustomStringConvertible {
  /// A library is in none of the places where it was looked for.
  case libraryNotFound(library: String, names: [String], places: [String])
  /// A file with the library's name was found, but cannot be used.
  case libraryUnusable(library: String, path: String, reason: String)
  /// The library lacks a function that is needed.
  case functionMissing(library: String, path: String, function: String)
  /// The driver is older than a library of which only this version was found.
  case driverTooOld(driver: String, library: String, path: String)
  /// There is no GPU of this number.
  case noDevice(index: Int, count: Int)
  /// The GPU is older than what the kernels are written for.
  case unsupportedDevice(name: String, computeCapability: String, needed: String)
  /// A function of a library failed.
  case callFailed(call: String, reason: String)
  /// A kernel's source was refused by the compiler.
  case compilationFailed(module: String, architecture: String, log: String)

  /// What is missing or wrong, where it was looked for, and what to do.
  public var description: String {
    switch self {
    case .libraryNotFound(let library, let names, let places):
      "\(library) was not found: looked for \(names.joined(separator: ", ")) in \(places.joined(separator: ", "))"
    case .libraryUnusable(let library, let path, let reason):
      "\(library) at \(path) cannot be used: \(reason)"
    case .functionMissing(let library, let path, let function):
      "\(library) at \(path) has no function \(function): it is incomplete or of another version"
    case .driverTooOld(let driver, let library, let path):
      "the NVIDIA driver is for CUDA \(driver), which is older than \(library) at \(path); update the driver, or name a "
        + "folder with older libraries in DISTTRAIN_CUDA_PATH"
    case .noDevice(let index, let count):
      "there is no GPU cuda:\(index): the driver shows \(count)"
    case .unsupportedDevice(let name, let computeCapability, let needed):
      "\(name) has compute capability \(computeCapability); \(needed) or later is needed"
    case .callFailed(let call, let reason): "\(call) failed: \(reason)"
    case .compilationFailed(let module, let architecture, let log):
      "the kernels of \(module) do not compile for \(architecture):\n\(log)"
    }
  }
}
