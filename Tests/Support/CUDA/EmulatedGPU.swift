import Autograd
import Foundation

/// A GPU for tests: the driver, compiler, cuBLAS, cuBLASLt, cuDNN and NCCL are a library of this package that computes on
/// the processor.
///
/// With `DISTTRAIN_TEST_DEVICE=cuda` in the environment, as `launch/gpu-check` has it, it is the first real GPU instead.
public enum EmulatedGPU {
  /// The device; the library is opened when it is first asked for.
  public static func device() throws -> Device { try opened.get() }

  /// Whether it is a real GPU.
  public static let isReal = ProcessInfo.processInfo.environment["DISTTRAIN_TEST_DEVICE"] == "cuda"

  private static let opened = Result {
    if isReal {
      try Device.cuda().open()
      return Device.cuda()
    }
    let folder = try makeFolder(names: libraryNames)
    defer { try? FileManager.default.removeItem(at: folder) }
    LibrarySearch.prefer(folder.path)
    try Device.cuda().open()
    _ = try NCCLGroup.version()
    return Device.cuda()
  }

  /// The names under which the library is found.
  public static let libraryNames = [
    "libcuda.so.1", "libnvrtc.so.13", "libcublas.so.13", "libcublasLt.so.13", "libcudnn.so.9", "libnccl.so.2",
  ]

  /// A new folder in which the emulator has the given names.
  public static func makeFolder(names: [String]) throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "emulated-gpu-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let library = try BuiltProduct.url("libCUDAEmulator.so")
    for name in names {
      try FileManager.default.createSymbolicLink(at: folder.appending(path: name), withDestinationURL: library)
    }
    return folder
  }

  /// Runs something with the environment in which a process finds emulated GPUs.
  public static func withEnvironment<Result>(_ body: ([String: String]) throws -> Result) throws -> Result {
    let folder = try makeFolder(names: libraryNames)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(["DISTTRAIN_CUDA_PATH": folder.path, "XDG_CACHE_HOME": folder.path])
  }
}
