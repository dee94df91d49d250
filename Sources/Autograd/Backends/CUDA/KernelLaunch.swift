import CCUDA

/// Something that can be given to a kernel: a number, an address of device memory, or a struct of such with the layout of
/// the kernel's own.
protocol KernelArgument: BitwiseCopyable {}

extension Int32: KernelArgument {}
extension UInt32: KernelArgument {}
extension Int64: KernelArgument {}
extension UInt64: KernelArgument {}
extension Int: KernelArgument {}
extension Float: KernelArgument {}
extension Double: KernelArgument {}
extension UnsafeMutableRawPointer: KernelArgument {}
extension Optional: KernelArgument where Wrapped == UnsafeMutableRawPointer {}

/// How many blocks a launch has, or threads a block, along each dimension; of blocks at most 2³¹ - 1 and 65,535.
struct LaunchExtent {
  let x: Int
  let y: Int

  init(_ x: Int, _ y: Int = 1) {
    self.x = x
    self.y = y
  }
}

extension CUDADevice {
  /// Starts a kernel after all that was asked for before; none without blocks.
  ///
  /// - Parameters:
  ///   - kernel: Its name.
  ///   - module: The file that it is in.
  ///   - arguments: Of exactly the kernel's types: `Int` for `long long`, `x.address` for a pointer. The tensors behind
  ///     addresses need not outlive the call, for their memory is used again only after the kernel; but they must live
  ///     until all addresses are known, for asking for one may take memory.
  func launch(
    _ kernel: String, in module: KernelModule, blocks: LaunchExtent, threads: LaunchExtent,
    _ arguments: any KernelArgument...
  ) {
    launch(kernel, in: module, blocks: blocks, threads: threads, arguments: arguments)
  }

  /// Starts a kernel with blocks and threads along one dimension.
  func launch(
    _ kernel: String, in module: KernelModule, blocks: Int, threads: Int,
    _ arguments: any KernelArgument...
  ) {
    launch(kernel, in: module, blocks: LaunchExtent(blocks), threads: LaunchExtent(threads), arguments: arguments)
  }

  /// Starts a kernel with the given arguments.
  func launch(
    _ kernel: String, in module: KernelModule, blocks: LaunchExtent, threads: LaunchExtent,
    arguments: [any KernelArgument]
  ) {
    guard blocks.x > 0 && blocks.y > 0 else { return }
    let function = kernels.kernel(kernel, in: module)
    enter()
    withUnsafeTemporaryAllocation(byteCount: Self.argumentBytes, alignment: 16) { buffer in
      withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: arguments.count + 1) { addresses in
        var end = 0
        for (index, argument) in arguments.enumerated() {
          addresses.initializeElement(at: index, to: Self.store(argument, in: buffer, from: &end))
        }
        let status = dt_cuLaunchKernel(
          function, UInt32(blocks.x), UInt32(blocks.y), 1, UInt32(threads.x), UInt32(threads.y), 1, 0, stream,
          addresses.baseAddress, nil)
        CUDADriver.require(status, "launching \(kernel) with \(blocks) blocks of \(threads) threads")
      }
    }
  }

  /// The most that a kernel's arguments may take, by the driver's rules.
  private static let argumentBytes = 4096

  /// Copies an argument to the first suitable place from `end` on.
  private static func store<Argument: KernelArgument>(
    _ argument: Argument, in buffer: UnsafeMutableRawBufferPointer, from end: inout Int
  ) -> UnsafeMutableRawPointer? {
    let alignment = MemoryLayout<Argument>.alignment
    let start = (end + alignment - 1) / alignment * alignment
    end = start + MemoryLayout<Argument>.size
    precondition(end <= argumentBytes, "the arguments of a kernel take more than \(argumentBytes) bytes")
    buffer.storeBytes(of: argument, toByteOffset: start, as: Argument.self)
    return buffer.baseAddress.map { $0 + start }
  }
}
