import Autograd
import Collective

extension StepProfile.Ceilings {
  /// Measures those of a device: of the processor, the multiply-adds of one core in float32 times the threads that share
  /// an operator, and memory copied or changed by these together, whichever is faster; of a GPU, the best matrix product
  /// of this thread's precision and the fastest copy.
  package init(of device: Device) {
    guard device == .cpu else {
      self = Self.measured(onGPU: device)
      return
    }
    let threads = BLAS.threadCount
    let core = ProcessorCeilings.measure(threads: threads)
    self.init(
      source: "the processor, \(threads) thread\(threads == 1 ? "" : "s") in float32",
      flopsPerSecond: core.flopsPerSecond * Double(threads),
      bytesPerSecond: max(core.copyBytesPerSecond, core.changeBytesPerSecond))
  }

  /// Lets the slowest rank's figures count. Collective.
  package mutating func takeSlowest(of communicator: any Communicator) throws {
    flopsPerSecond = try communicator.allReduced(flopsPerSecond, .minimum)
    bytesPerSecond = try communicator.allReduced(bytesPerSecond, .minimum)
  }

  /// Products and copies of ever larger matrices, until a product takes so long that to start it takes nothing beside.
  private static func measured(onGPU device: Device) -> Self {
    let (longEnough, largest) = (10_000_000, 16384)
    // Of zeros a GPU makes products faster, for it takes less power; and the default generator is the training's.
    let generator = RandomGenerator(seed: 1)
    var profile = StepProfile()
    var size = 256
    var longest = 0
    while longest < longEnough && size <= largest {
      let matrix = Tensor.rand([size, size], device: device, generator: generator)
      let profiler = Profiler()
      // The first time, kernels are compiled and memory is taken.
      for _ in 0..<2 {
        profiler.removeAll()
        profiler.record { _ = (matrix.matmul(matrix), matrix.cloned()) }
      }
      longest = profiler.events.map(\.nanoseconds).max() ?? 0
      profile.add(profiler.events)
      size *= 2
    }
    let rows = profile.longestFirst
    return Self(
      source: "\(device)", flopsPerSecond: 1e9 * (rows.compactMap(\.gigaflops).max() ?? 0),
      bytesPerSecond: 1e9 * (rows.filter { $0.gigaflops == nil }.compactMap(\.gigabytes).max() ?? 0))
  }
}
