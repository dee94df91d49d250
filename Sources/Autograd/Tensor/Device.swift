/// Where the elements of a tensor are, and what computes with them.
public enum Device: Hashable, Sendable {
  /// The processor and its memory.
  case cpu
  /// An NVIDIA GPU, by its place among those that the driver shows; the first if left out.
  case cuda(Int = 0)

  /// Makes sure that the device can be used, so that nothing later fails for want of it.
  ///
  /// A GPU's driver and libraries are looked for, and its memory and streams opened, when this is called or a tensor is
  /// first put there; a tensor that is put on a device which cannot be used traps with the same text.
  ///
  /// - Throws: ``CUDAError`` with what is missing and where it was looked for.
  public func open() throws {
    if case .cuda(let index) = self { _ = try CUDADevice.opened(index) }
  }

  /// Returns once everything that was asked for so far has been computed; at once on the CPU, which computes in step.
  public func synchronize() {
    if case .cuda(let index) = self { CUDADevice.required(index).synchronize() }
  }

  /// The number of GPUs that can be used; 0 without a driver.
  public static var cudaCount: Int { (try? CUDADriver.shared.get().deviceCount) ?? 0 }
}

extension Device {
  /// Name and kind of the device, with the versions of what it is used through, in a few words.
  ///
  /// - Throws: ``CUDAError`` when a GPU cannot be used.
  public func summary() throws -> String {
    guard case .cuda(let index) = self else { return description }
    let gpu = try CUDADevice.opened(index)
    let driver = try CUDADriver.shared.get()
    return
      "\(self) \(gpu.name) (sm_\(gpu.architecture)), driver for CUDA \(driver.version.major).\(driver.version.minor), "
      + "NVRTC \(gpu.kernels.compilerVersion), cuBLAS \(gpu.matrices.version), "
      + (gpu.biasedProducts.map { "cuBLASLt \($0.version), " } ?? "")
      + (gpu.convolutions.map { "cuDNN \($0.version)" } ?? "convolutions by own kernels: \(Self.reasonWithoutLibrary)")
  }

  /// Why a GPU has no cuDNN.
  private static var reasonWithoutLibrary: String {
    Kernels.areGenericAtStart ? "\(Kernels.variable) is generic" : "no cuDNN was found that the driver can run"
  }

  /// The bytes of memory that nobody uses on a GPU; without bound for the CPU.
  package var freeByteCount: Int {
    guard case .cuda(let index) = self else { return .max }
    return CUDADevice.required(index).memory.freeByteCount
  }

  /// The bytes that were taken from a GPU's driver, and those that tensors hold of them now: both are the same after every
  /// step, but the first ones, when nothing leaks. Zero for the CPU.
  package var byteCounts: (fromDriver: Int, inUse: Int) {
    guard case .cuda(let index) = self else { return (0, 0) }
    return CUDADevice.required(index).memory.byteCounts
  }

  /// What tells a GPU from all others in the world; empty for the CPU.
  ///
  /// - Throws: ``CUDAError`` when it cannot be used.
  package func identity() throws -> [UInt8] {
    guard case .cuda(let index) = self else { return [] }
    return try CUDADevice.opened(index).identity()
  }
}

extension Device: LosslessStringConvertible {
  /// The device of a name: `cpu`, `cuda` for the first GPU, or `cuda:1`; `nil` for any other text.
  public init?(_ description: String) {
    switch description {
    case "cpu": self = .cpu
    case "cuda": self = .cuda()
    default:
      guard let colon = description.firstIndex(of: ":"), description[..<colon] == "cuda" else { return nil }
      let digits = description[description.index(after: colon)...]
      guard digits.allSatisfy({ ("0"..."9").contains($0) }), let index = Int(digits) else { return nil }
      self = .cuda(index)
    }
  }

  /// `cpu` or `cuda:0`, as PyTorch writes it.
  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    }
  }
}
