import CCUDA
import Synchronization

/// The compiled kernels of one GPU, each module compiled or taken from the cache when its first kernel is asked for.
final class KernelLibrary: @unchecked Sendable {
  private struct LoadedModule {
    let module: dt_module
    var kernels: [String: dt_function] = [:]
  }

  private let compiler: KernelCompiler
  private let target: KernelCompiler.Target
  private let context: dt_context
  private let memory: CUDAMemory
  private let cache = KernelCache()
  private let modules = Mutex<[KernelModule: LoadedModule]>([:])

  init(compiler: KernelCompiler, architecture: Int, context: dt_context, memory: CUDAMemory) {
    self.compiler = compiler
    target = compiler.target(for: architecture)
    self.context = context
    self.memory = memory
  }

  /// The version of the compiler, as in 13.0.
  var compilerVersion: String { "\(compiler.version.major).\(compiler.version.minor)" }

  /// The kernel of this name.
  func kernel(_ name: String, in module: KernelModule) -> dt_function {
    modules.withLock { modules in
      if let known = modules[module]?.kernels[name] { return known }
      CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
      let loaded = modules[module] ?? LoadedModule(module: load(module))
      var function: dt_function?
      // A driver may load a kernel when it is first asked for.
      CUDADriver.require(
        memory.makingRoom { dt_cuModuleGetFunction(&function, loaded.module, name) },
        "finding kernel \(name) in \(module.fileName)")
      guard let function else { preconditionFailure("kernel \(name) in \(module.fileName) is at no address") }
      modules[module] = loaded
      modules[module]?.kernels[name] = function
      return function
    }
  }

  private func load(_ module: KernelModule) -> dt_module {
    let key = self.key(of: module)
    // What the driver does not take is compiled again.
    if let image = cache.content(of: key), let loaded = try? loadImage(image) { return loaded }
    let image: [UInt8]
    do { image = try compiler.compile(module, for: target).image } catch { preconditionFailure("\(error)") }
    cache.store(image, under: key)
    do { return try loadImage(image) } catch {
      preconditionFailure("\(module.fileName), which NVRTC compiled for \(target), cannot be loaded: \(error)")
    }
  }

  /// Everything that a module's code depends on.
  private func key(of module: KernelModule) -> String {
    let texts = KernelSources.headers.flatMap { [$0.name, $0.text] } + [KernelSources.text(of: module)]
    let source = KernelCache.text(KernelCache.hash(texts.joined(separator: "\0").utf8))
    let options = KernelCompiler.options.joined(separator: " ")
    return "\(module.fileName) \(source) \(target) NVRTC \(compiler.version.major).\(compiler.version.minor) \(options)"
  }

  private func loadImage(_ image: [UInt8]) throws -> dt_module {
    var module: dt_module?
    // The driver reads intermediate code up to a zero.
    let status = (image + [0]).withUnsafeBytes { image in
      memory.makingRoom { dt_cuModuleLoadData(&module, image.baseAddress) }
    }
    try CUDADriver.check(status, "cuModuleLoadData")
    guard let module else { throw CUDAError.callFailed(call: "cuModuleLoadData", reason: "no module") }
    return module
  }
}
