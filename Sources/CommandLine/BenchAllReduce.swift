import ArgumentParser
import Collective
import DistTrain
import Foundation

/// `disttrain bench allreduce`: how long an all-reduce takes, beside the MPI library's own.
struct BenchAllReduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allreduce",
    abstract: "Measure all-reduces of floats over the ranks that were launched.",
    discussion: """
      Run it under mpirun: mpirun -n 2 disttrain bench allreduce. For each size, all-reduces of this program and of the \
      MPI library take turns on the same buffer, which lies where gradients lie, in the window that the ranks of a \
      node share. Before each, every rank writes its buffer, as a backward pass does, and all wait for each other. The \
      time is the median over the runs, each as slow as its slowest rank. Algorithm bandwidth is \
      bytes / time; bus bandwidth is that times 2(N-1)/N for N ranks, the share of the bytes that every rank must send.
      """)

  @Option(
    help:
      "Sizes in bytes, separated by commas; K, M and G are 1024, 1024² and 1024³. (default: \(ByteSizes.standard))",
    transform: ByteSizes.init(parsing:))
  var sizes = ByteSizes.standard

  @Option(help: ArgumentHelp("Time to spend on each size.", valueName: "seconds"))
  var secondsPerSize = 1.0

  @Flag(help: "Use a buffer outside of the shared window, which has to be copied.")
  var privateBuffer = false

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    guard secondsPerSize > 0 && secondsPerSize.isFinite else {
      throw ValidationError("--seconds-per-size is \(secondsPerSize), expected a number above 0")
    }
  }

  func run() throws {
    runAsRank(collective: .mpi) { world in
      let communicator = try world.sharingMemory(notify: printNotice)
      if communicator.rank == 0 && !json { print(AllReduceTiming.heading) }
      let memory: any Communicator = privateBuffer ? LocalCommunicator() : communicator
      let buffer = try memory.makeBuffer(byteCount: sizes.bytes.max() ?? 0)
      try buffer.withElements(of: Float.self) { elements in
        for bytes in sizes.bytes {
          let part = UnsafeMutableBufferPointer(rebasing: elements[..<(bytes / MemoryLayout<Float>.stride)])
          let timing = try AllReduceTiming(part, seconds: secondsPerSize, communicator)
          if communicator.rank == 0 { print(json ? timing.json.text : timing.row) }
        }
      }
    }
  }
}

/// A list of byte counts as written on the command line: `1KiB,64K,1M`.
struct ByteSizes: CustomStringConvertible {
  let bytes: [Int]

  var description: String { bytes.map(ByteCount.text).joined(separator: ",") }

  static let standard = ByteSizes(bytes: [1 << 10, 64 << 10, 1 << 20, 32 << 20])

  private init(bytes: [Int]) { self.bytes = bytes }

  /// Reads sizes from a command line.
  ///
  /// - Throws: `ValidationError` for anything but whole floats that this machine's memory could hold.
  init(parsing text: String) throws {
    let (stride, memory) = (MemoryLayout<Float>.stride, Int(ProcessInfo.processInfo.physicalMemory))
    bytes = try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard let count = ByteCount.parse(word) else {
        throw ValidationError("“\(word)” is no size; expected \(ByteCount.expectation)")
      }
      guard count.isMultiple(of: stride) else {
        throw ValidationError("“\(word)” is no whole number of floats; expected a multiple of \(stride) bytes")
      }
      guard count <= memory else {
        throw ValidationError("“\(word)” is more than the \(ByteCount.text(memory)) of memory of this machine")
      }
      return count
    }
  }
}

/// The measured times of all-reduces of one size.
struct AllReduceTiming {
  let bytes: Int
  let world: Int
  let algorithm: String
  /// Microseconds.
  let ours: Double
  let mpi: Double

  /// How many times faster than the MPI library's.
  var ratio: Double { mpi / ours }
  /// 10⁹ bytes a second.
  var algorithmBandwidth: Double { Double(bytes) / ours / 1000 }
  var busBandwidth: Double { algorithmBandwidth * 2 * Double(world - 1) / Double(world) }

  /// Measures for about `seconds`. Collective.
  init(_ buffer: UnsafeMutableBufferPointer<Float>, seconds: Double, _ communicator: any Communicator) throws {
    // Rank 0's estimate counts for all ranks.
    var plan = [try (0..<10).map { _ in try Self.time(communicator.transport, buffer) }.max() ?? 0]
    try communicator.broadcast(&plan, from: 0)
    let runs = max(5, min(10_000, Int(seconds / max(2 * plan[0], 1e-9))))

    var times: [Double] = []
    for _ in 0..<runs {
      for contender in [communicator, communicator.transport] {
        times.append(try Self.time(contender, buffer))
      }
    }
    try communicator.allReduce(&times, .maximum)
    bytes = buffer.count * MemoryLayout<Float>.stride
    world = communicator.size
    algorithm = communicator.allReduceAlgorithm(for: buffer)
    ours = Self.median(stride(from: 0, to: times.count, by: 2).map { times[$0] }) * 1e6
    mpi = Self.median(stride(from: 1, to: times.count, by: 2).map { times[$0] }) * 1e6
  }

  /// The seconds that one all-reduce takes, of a buffer that every rank has just written.
  private static func time(
    _ communicator: any Communicator, _ buffer: UnsafeMutableBufferPointer<Float>
  ) throws -> Double {
    buffer.update(repeating: 1)
    try communicator.transport.barrier()
    let clock = ContinuousClock()
    let start = clock.now
    try communicator.allReduce(buffer, .sum)
    return (clock.now - start) / .seconds(1)
  }

  private static func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }

  var json: JSON {
    .object([
      .init("bytes", .integer(bytes)), .init("world", .integer(world)), .init("algorithm", .string(algorithm)),
      .init("us", .real(ours, decimals: 3)), .init("mpi_us", .real(mpi, decimals: 3)),
      .init("ratio", .real(ratio, decimals: 3)), .init("algbw_gb_s", .real(algorithmBandwidth, decimals: 3)),
      .init("busbw_gb_s", .real(busBandwidth, decimals: 3)),
    ])
  }

  static let heading = "       bytes           µs       MPI µs    ratio   algbw GB/s   busbw GB/s  algorithm"

  var row: String {
    String(
      format: "%12ld %12.2f %12.2f %8.2f %12.3f %12.3f  ", bytes, ours, mpi, ratio, algorithmBandwidth, busBandwidth)
      + algorithm
  }
}
