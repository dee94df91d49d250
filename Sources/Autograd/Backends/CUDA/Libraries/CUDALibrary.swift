import CCUDA
import Foundation
import Synchronization

/// A library of CUDA's that is opened while the program runs.
package struct CUDALibrary: Sendable {
  /// What messages call it.
  let title: String
  /// The start of its files' names, as in "libnvrtc".
  let stem: String
  /// The major versions that are used, the one preferred first; none where files have a version of another kind.
  let versions: [Int]
  /// Libraries from the same folder that must be there first, by the start of their names.
  let companions: [String]
  /// Binds the functions; gives the name of one that is missing.
  let bind: @convention(c) (UnsafeMutableRawPointer?) -> UnsafePointer<CChar>?
  /// Tells for which major version of CUDA an open library was made, or 0.
  var toolkit: (@convention(c) (UnsafeMutableRawPointer?) -> Int32)?
  /// Whether `versions` are those of CUDA.
  var isNumberedAsCUDA = false

  package static let driver = CUDALibrary(
    title: "the NVIDIA driver", stem: "libcuda", versions: [1], companions: [], bind: dt_bind_driver)
  package static let nvrtc = CUDALibrary(
    title: "NVRTC, CUDA's compiler,", stem: "libnvrtc", versions: [13, 12], companions: ["libnvrtc-builtins"],
    bind: dt_bind_nvrtc, toolkit: dt_nvrtc_toolkit, isNumberedAsCUDA: true)
  package static let cublas = CUDALibrary(
    title: "cuBLAS", stem: "libcublas", versions: [13, 12], companions: ["libcublasLt"], bind: dt_bind_cublas,
    toolkit: dt_cublas_toolkit, isNumberedAsCUDA: true)
  package static let cublasLt = CUDALibrary(
    title: "cuBLASLt", stem: "libcublasLt", versions: [13, 12], companions: [], bind: dt_bind_cublaslt,
    toolkit: dt_cublaslt_toolkit, isNumberedAsCUDA: true)
  package static let cudnn = CUDALibrary(
    title: "cuDNN", stem: "libcudnn", versions: [9, 8], companions: [], bind: dt_bind_cudnn,
    toolkit: dt_cudnn_toolkit)
  package static let nccl = CUDALibrary(
    title: "NCCL", stem: "libnccl", versions: [2], companions: [], bind: dt_bind_nccl)

  /// The files of the libraries that are open, by their stems.
  private static let opened = Mutex<[String: String]>([:])

  /// Opens the library and binds its functions: once in a process, for other threads may be calling them when a further
  /// GPU is opened.
  ///
  /// - Parameters:
  ///   - newest: The major version that the driver can run; later ones are passed over.
  ///   - search: Where to look, whatever is open; where this process does, if left out.
  /// - Returns: Where the library was found.
  /// - Throws: ``CUDAError`` when it is nowhere, or cannot be used.
  @discardableResult
  package func open(newest: Int? = nil, in search: LibrarySearch? = nil) throws -> String {
    if let search { return try find(newest: newest, in: search) }
    return try Self.opened.withLock { opened in
      if let path = opened[stem] { return path }
      let path = try find(newest: newest, in: .shared)
      opened[stem] = path
      return path
    }
  }

  private func find(newest: Int?, in search: LibrarySearch) throws -> String {
    let usable = isNumberedAsCUDA ? versions.filter { $0 <= newest ?? .max } : versions
    let names = usable.map { "\(stem).so.\($0)" } + ["\(stem).so"]
    var passedOver: String?
    for place in search.places {
      for name in names {
        guard let path = place.path(of: name) else { continue }
        for companion in companions { place.openCompanion(companion) }
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
          let reason = String(cString: dlerror())
          // The loader's own search says only here that it found nothing.
          if place.isLoader && reason.hasPrefix("\(name): cannot open shared object file") { continue }
          throw CUDAError.libraryUnusable(library: title, path: path, reason: reason)
        }
        if let newest, let toolkit, toolkit(handle) > newest {
          passedOver = passedOver ?? path
          // Left open, it would be what the loader finds by its name.
          dlclose(handle)
          continue
        }
        if let missing = bind(handle) {
          throw CUDAError.functionMissing(library: title, path: path, function: String(cString: missing))
        }
        return path
      }
    }
    if let newest, let passedOver {
      throw CUDAError.driverTooOld(driver: "\(newest)", library: title, path: passedOver)
    }
    if usable.count < versions.count, let newest {
      for version in versions where version > newest {
        for place in search.places where !place.isLoader {
          guard let path = place.path(of: "\(stem).so.\(version)") else { continue }
          throw CUDAError.driverTooOld(driver: "\(newest)", library: title, path: path)
        }
      }
    }
    throw CUDAError.libraryNotFound(library: title, names: names, places: search.places.map(\.description))
  }
}
