import Autograd
import Foundation
import Testing
import TestSupport

/// What is said when CUDA's libraries are absent, wrong or incomplete.
@Suite struct CUDALibraryTests {
  private func error(
    _ library: CUDALibrary, newest: Int? = nil, in folder: URL
  ) -> CUDAError? {
    #expect(throws: CUDAError.self) {
      try library.open(newest: newest, in: LibrarySearch(places: [.folder(folder.path)]))
    }
  }

  @Test func `an absent library is named, with its files and where they were looked for`() throws {
    let folder = try EmulatedGPU.makeFolder(names: [])
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(
      error(.nvrtc, in: folder)?.description
        == "NVRTC, CUDA's compiler, was not found: looked for libnvrtc.so.13, libnvrtc.so.12, libnvrtc.so in "
        + folder.path)
  }

  @Test func `a file that is no library is named, with what the loader says`() throws {
    let folder = try EmulatedGPU.makeFolder(names: [])
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "libcuda.so.1")
    try Data("no library".utf8).write(to: file)
    let text = try #require(error(.driver, in: folder)?.description)
    #expect(text.hasPrefix("the NVIDIA driver at \(file.path) cannot be used: "), "\(text)")
    #expect(text.contains("\(file.path): "), "\(text)")
  }

  @Test func `a library is opened once in a process, whatever is preferred later`() async {
    await #expect(processExitsWith: .success) {
      let folders = try (0..<2).map { _ in try EmulatedGPU.makeFolder(names: ["libnvrtc.so.13"]) }
      defer { for folder in folders { try? FileManager.default.removeItem(at: folder) } }
      let paths = try folders.map { folder in
        LibrarySearch.prefer(folder.path)
        return try CUDALibrary.nvrtc.open()
      }
      precondition(paths.allSatisfy { $0.hasPrefix(folders[0].path) }, "\(paths)")
    }
  }

  @Test func `a function that a library lacks is named`() throws {
    let folder = try EmulatedGPU.makeFolder(names: [])
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "libcublas.so.12")
    try FileManager.default.createSymbolicLink(
      at: file, withDestinationURL: BuiltProduct.url("libIncompleteCUDA.so"))
    #expect(
      error(.cublas, in: folder)
        == .functionMissing(library: "cuBLAS", path: file.path, function: "cublasGetVersion_v2"))
  }

  @Test func `cuDNN may be absent, but not incomplete, and one for a later driver is passed over`() throws {
    let folder = try EmulatedGPU.makeFolder(names: [])
    defer { try? FileManager.default.removeItem(at: folder) }
    let search = LibrarySearch(places: [.folder(folder.path)])
    #expect(try ConvolutionLibrary.open(newest: 13, in: search)?.version == nil)
    let file = folder.appending(path: "libcudnn.so.8")
    try FileManager.default.createSymbolicLink(at: file, withDestinationURL: BuiltProduct.url("libIncompleteCUDA.so"))
    #expect(throws: CUDAError.functionMissing(library: "cuDNN", path: file.path, function: "cudnnGetVersion")) {
      try ConvolutionLibrary.open(newest: 13, in: search)
    }
    let whole = try EmulatedGPU.makeFolder(names: EmulatedGPU.libraryNames)
    defer { try? FileManager.default.removeItem(at: whole) }
    let path = whole.appending(path: "libcudnn.so.9").path
    let places = LibrarySearch(places: [.folder(whole.path), .folder(folder.path)])
    let found = try #require(try ConvolutionLibrary.open(newest: 13, in: places))
    #expect(found.version == 99_900 && found.path == path)
    let tooNew = LibrarySearch(places: [.folder(whole.path)])
    #expect(try ConvolutionLibrary.open(newest: 12, in: tooNew)?.version == nil)
    // The search goes on to the next place, where it finds the incomplete one.
    #expect(throws: CUDAError.functionMissing(library: "cuDNN", path: file.path, function: "cudnnGetVersion")) {
      try ConvolutionLibrary.open(newest: 12, in: places)
    }
  }

  @Test func `cuBLASLt may be absent, or only there for a later CUDA, but not incomplete`() throws {
    let folder = try EmulatedGPU.makeFolder(names: [])
    defer { try? FileManager.default.removeItem(at: folder) }
    let search = LibrarySearch(places: [.folder(folder.path)])
    #expect(try BiasedProductLibrary.open(newest: 13, in: search)?.version == nil)
    let file = folder.appending(path: "libcublasLt.so.13")
    try FileManager.default.createSymbolicLink(at: file, withDestinationURL: BuiltProduct.url("libIncompleteCUDA.so"))
    #expect(try BiasedProductLibrary.open(newest: 12, in: search)?.version == nil)
    #expect(throws: CUDAError.functionMissing(library: "cuBLASLt", path: file.path, function: "cublasLtCreate")) {
      try BiasedProductLibrary.open(newest: 13, in: search)
    }
    let whole = try EmulatedGPU.makeFolder(names: EmulatedGPU.libraryNames)
    defer { try? FileManager.default.removeItem(at: whole) }
    let found = try BiasedProductLibrary.open(newest: 13, in: LibrarySearch(places: [.folder(whole.path)]))
    #expect(found?.version == 139_900 && found?.path == whole.appending(path: "libcublasLt.so.13").path)
  }

  @Test func `NCCL may not be incomplete`() throws {
    let folder = try EmulatedGPU.makeFolder(names: [])
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "libnccl.so.2")
    try FileManager.default.createSymbolicLink(at: file, withDestinationURL: BuiltProduct.url("libIncompleteCUDA.so"))
    #expect(
      error(.nccl, in: folder) == .functionMissing(library: "NCCL", path: file.path, function: "ncclGetVersion"))
  }

  @Test func `a driver that is older than the only library is named, with both versions`() throws {
    let folder = try EmulatedGPU.makeFolder(names: EmulatedGPU.libraryNames)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "libnvrtc.so.13").path
    #expect(
      error(.nvrtc, newest: 12, in: folder)
        == .driverTooOld(driver: "12", library: "NVRTC, CUDA's compiler,", path: path))
  }

  @Test(arguments: [("libnvrtc.so", CUDALibrary.nvrtc), ("libcublas.so", .cublas), ("libcublasLt.so", .cublasLt)])
  func `a name without a version does not hide that the library is for a later driver`(
    _ name: String, _ library: CUDALibrary
  ) throws {
    let folder = try EmulatedGPU.makeFolder(names: [name])
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: name).path
    guard case .driverTooOld(driver: "12", library: _, path: path) = error(library, newest: 12, in: folder) else {
      Issue.record("\(name) for CUDA 13 was taken")
      return
    }
    #expect(try library.open(newest: 13, in: LibrarySearch(places: [.folder(folder.path)])) == path)
  }

  @Test func `places are the given folders, the loader's path, the system's and Python's`() throws {
    let root = try EmulatedGPU.makeFolder(names: [])
    defer { try? FileManager.default.removeItem(at: root) }
    let packages = root.appending(path: "lib/python3.12/site-packages/nvidia/cu13/lib")
    try FileManager.default.createDirectory(at: packages, withIntermediateDirectories: true)
    let search = LibrarySearch(environment: ["DISTTRAIN_CUDA_PATH": "/first:/second", "VIRTUAL_ENV": root.path])
    let places = search.places.map(\.description)
    #expect(places.prefix(3) == ["/first", "/second", "the loader's search path (LD_LIBRARY_PATH, ldconfig)"])
    #expect(places.last == packages.path)
    let given = LibrarySearch(environment: ["DISTTRAIN_CUDA_PATH": root.path])
    #expect(given.places.map(\.description).prefix(2) == [root.path, packages.path])
  }

  @Test func `a GPU that the driver does not show is an error`() throws {
    _ = try EmulatedGPU.device()
    #expect(throws: CUDAError.noDevice(index: 7, count: Device.cudaCount)) { try Device.cuda(7).open() }
  }
}
