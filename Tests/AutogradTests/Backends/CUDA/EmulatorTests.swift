import CCUDA
import Testing
import TestSupport

/// That the emulator tells what a real GPU would fault at, or have wrong numbers for, by kernels that do what none may.
@Suite(.enabled(if: !EmulatedGPU.isReal, "the faults are for the emulator")) struct EmulatorTests {
  @Test func `memory beyond a block's ends the process`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let gpu = try Emulator()
      gpu.run("fault_place", gpu.allocate(1000), 1000)
    }
    expect(result, says: "fault_place: memory that the GPU does not have, by thread (0, 0, 0) of block (0, 0, 0)")
  }

  @Test func `a number written shortly after a block's end is found when the block is freed`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let gpu = try Emulator()
      let block = gpu.allocate(1000)
      gpu.run("fault_place", block, 250)
      gpu.free(block)
    }
    expect(result, says: "after the end of 1000 bytes of device memory was written")
  }

  @Test func `memory that was freed ends the process where a graph uses it again`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let gpu = try Emulator()
      let block = gpu.allocate(1000)
      let graph = gpu.recording { gpu.launch("fault_place", block, 0) }
      gpu.free(block)
      check(dt_cuGraphLaunch(graph, gpu.stream))
      gpu.finish()
    }
    expect(result, says: "fault_place: memory that the GPU does not have")
  }

  @Test func `a pack at an address that is no multiple of its size ends the process`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let gpu = try Emulator()
      gpu.run("fault_alignment", gpu.allocate(64))
    }
    expect(result, says: "fault_alignment: a pack at an address that is no multiple of its size")
  }

  @Test func `an index beyond a block's shared array ends the process`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let gpu = try Emulator()
      gpu.run("fault_index", gpu.allocate(64), 8)
    }
    expect(result, says: "fault_index: an index beyond an array")
  }

  @Test func `work for one GPU on another's memory or stream ends the process`() async {
    let memory = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let block = try Emulator(1).allocate(64)
      try Emulator(0).run("fault_place", block, 0)
    }
    expect(memory, says: "is an address of another GPU")
    let stream = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let other = try Emulator(1)
      let gpu = try Emulator(0)
      other.launch("fault_place", gpu.allocate(64), 0)
    }
    expect(stream, says: "fault_place: it is for another GPU than its stream's")
  }

  @Test(arguments: [1, 32]) func `a missing barrier makes wrong numbers`(mask: Int) throws {
    let gpu = try Emulator()
    let block = gpu.allocate(64 * 4)
    // Each order of two threads comes in half of all launches.
    let results = (0..<40).map { _ in
      gpu.run("fault_barrier", block, mask, threads: 64)
      return gpu.numbers(block, 64)
    }
    #expect(results.contains { $0 != (0..<64).map { Float($0 ^ mask) } })
    gpu.free(block)
  }

  @Test func `each block finds shared memory unwritten`() throws {
    let gpu = try Emulator()
    let block = gpu.allocate(8 * 4)
    // After this it is known what the kernel writes.
    gpu.run("fault_unwritten", block, blocks: 8)
    for _ in 0..<20 {
      gpu.run("fault_unwritten", block, blocks: 8)
      #expect(gpu.numbers(block, 8).map(\.isNaN) == [false] + Array(repeating: true, count: 7))
    }
    gpu.free(block)
  }

  @Test func `blocks come in many orders`() throws {
    let gpu = try Emulator()
    let block = gpu.allocate(4)
    let last = (0..<40).map { _ in
      gpu.run("fault_order", block, blocks: 8)
      return gpu.numbers(block, 1)[0]
    }
    #expect(Set(last).count > 2)
    gpu.free(block)
  }

  @Test func `launches beyond a GPU's limits are refused`() throws {
    let gpu = try Emulator()
    let block = gpu.allocate(64)
    for (blocks, threads) in [((1, 1, 1), 257), ((0, 1, 1), 1), ((1, 65536, 1), 1), ((1, 1, 65536), 1)] {
      #expect(gpu.status(of: "fault_order", [block], blocks: blocks, threads: threads) == 1)
    }
    gpu.free(block)
  }
}

private func check(_ status: Int32) { precondition(status == 0, "status \(status)") }

/// One of the emulated GPUs, of which this thread's calls are from then on.
private struct Emulator {
  let stream: dt_stream
  private let module: dt_module

  init(_ index: Int32 = 0) throws {
    _ = try EmulatedGPU.device()
    var (context, stream, module): (dt_context?, dt_stream?, dt_module?)
    check(dt_cuDevicePrimaryCtxRetain(&context, index))
    check(dt_enter(context))
    check(dt_cuStreamCreate(&stream, 1))
    check(dt_cuModuleLoadData(&module, "kernels of the emulator: faults.cu"))
    self.stream = try #require(stream)
    self.module = try #require(module)
  }

  func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    var block: UnsafeMutableRawPointer?
    check(dt_cuMemAlloc_v2(&block, byteCount))
    guard let block else { preconditionFailure("no memory") }
    return block
  }

  func free(_ block: UnsafeMutableRawPointer) { check(dt_cuMemFree_v2(block)) }

  func finish() { check(dt_cuStreamSynchronize(stream)) }

  func numbers(_ block: UnsafeMutableRawPointer, _ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { numbers, initialized in
      check(dt_cuMemcpyDtoHAsync_v2(numbers.baseAddress, block, count * 4, stream))
      finish()
      initialized = count
    }
  }

  /// Starts a kernel that takes an address and then, perhaps, a number.
  func launch(
    _ kernel: String, _ address: UnsafeMutableRawPointer, _ number: Int = 0, blocks: Int = 1, threads: Int = 1
  ) {
    check(
      status(
        of: kernel, [address, UnsafeMutableRawPointer(bitPattern: number)], blocks: (blocks, 1, 1), threads: threads))
  }

  func run(
    _ kernel: String, _ address: UnsafeMutableRawPointer, _ number: Int = 0, blocks: Int = 1, threads: Int = 1
  ) {
    launch(kernel, address, number, blocks: blocks, threads: threads)
    finish()
  }

  /// What the driver says of a launch.
  func status(
    of kernel: String, _ arguments: [UnsafeMutableRawPointer?], blocks: (Int, Int, Int), threads: Int
  ) -> Int32 {
    var function: dt_function?
    check(dt_cuModuleGetFunction(&function, module, kernel))
    return arguments.withUnsafeBytes { bytes in
      var addresses = arguments.indices.map { place in
        bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + place * 8) }
      }
      return dt_cuLaunchKernel(
        function, UInt32(blocks.0), UInt32(blocks.1), UInt32(blocks.2), UInt32(threads), 1, 1, 0, stream, &addresses,
        nil)
    }
  }

  /// What `body` starts, as a graph.
  func recording(_ body: () -> Void) -> dt_executable_graph? {
    var (graph, executable): (dt_graph?, dt_executable_graph?)
    check(dt_cuStreamBeginCapture_v2(stream, 2))
    body()
    check(dt_cuStreamEndCapture(stream, &graph))
    check(dt_cuGraphInstantiateWithFlags(&executable, graph, 0))
    check(dt_cuGraphDestroy(graph))
    return executable
  }
}
