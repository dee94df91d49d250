import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

/// `disttrain bench roofline`: what this machine can do at most.
struct BenchRoofline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roofline",
    abstract: "Measure the ceilings of this machine: arithmetic, memory, and the matrix product.",
    discussion: """
      One line for each: multiply-adds in float32 on registers, reading, copying and changing memory that no cache holds, and \
      square matrix products. Under mpirun all ranks measure at the same time, and the slowest rank's figures are printed. \
      With --device cuda: each rank's GPU, copying its memory and multiplying matrices in every precision.
      """)

  @Option(help: "What to measure: cpu or cuda.")
  var device = TrainingConfiguration.DeviceKind.cpu
  @Option(
    help: ArgumentHelp(
      "With --device cuda: the rows and columns of the matrices. (default: \(Self.standardSize))", valueName: "rows"))
  var size: Int?
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard let size else { return }
    guard device == .cuda else {
      throw ValidationError("--size is \(size) with --device \(device.rawValue), expected it with --device cuda only")
    }
    guard (1...Self.largestSize).contains(size) else {
      throw ValidationError("--size is \(size), expected 1 to \(Self.largestSize)")
    }
  }

  private static let standardSize = 8192
  /// Of which the array that is copied has 16 GiB.
  private static let largestSize = 32768

  func run() throws {
    runAsRank(collective: .mpi) { communicator in
      let device = try communicator.openDevice(device)
      try communicator.barrier()
      var figures = device == .cpu ? processorFigures() : gpuFigures(device)
      for index in figures.indices {
        figures[index].rate = try communicator.allReduced(figures[index].rate, .minimum)
      }
      if communicator.rank == 0 { report(figures) }
    }
  }

  private func processorFigures() -> [Figure] {
    let ceilings = ProcessorCeilings.measure()
    let threads = BLAS.threadCount
    return [
      Figure("multiply_adds", "float32 multiply-adds, one core", ceilings.flopsPerSecond, "FLOP/s"),
      Figure("memory_read", "memory read, one core", ceilings.readBytesPerSecond, "B/s"),
      Figure("memory_copy", "memory copied (read + written), one core", ceilings.copyBytesPerSecond, "B/s"),
      Figure("memory_change", "memory changed in place (both), one core", ceilings.changeBytesPerSecond, "B/s"),
    ]
      + [256, 1024, 2048].map { size in
        Figure(
          "product_\(size)", "matrix product \(size)³, \(threads) thread\(threads == 1 ? "" : "s")",
          Self.productRate(size, on: .cpu), "FLOP/s")
      }
  }

  private func gpuFigures(_ device: Device) -> [Figure] {
    let size = size ?? Self.standardSize
    let x = Tensor.zeros([4 * size, size], device: device)
    let copies = Self.fastest(repetitions: 20, on: device) { _ = x.cloned() }
    return [
      Figure("memory_copy", "GPU memory copied (read + written)", 2 * 4 * Double(x.count) / copies, "B/s")
    ]
      + ProductPrecision.allCases.map { precision in
        withProductPrecision(precision) {
          Figure(
            "product_\(precision)", "matrix product \(size)³ in \(precision)", Self.productRate(size, on: device),
            "FLOP/s")
        }
      }
  }

  /// A measured rate.
  private struct Figure {
    let name: String
    let title: String
    var rate: Double
    let unit: String

    init(_ name: String, _ title: String, _ rate: Double, _ unit: String) {
      (self.name, self.title, self.rate, self.unit) = (name, title, rate, unit)
    }
  }

  private func report(_ figures: [Figure]) {
    if json {
      print(JSON.object(figures.map { .init($0.name, .real($0.rate, decimals: 0)) }).text)
    } else {
      for figure in figures {
        print(
          "\(figure.title.padding(toLength: 44, withPad: " ", startingAt: 0))"
            + String(format: "%10.1f G%@", figure.rate / 1e9, figure.unit))
      }
    }
  }

  /// Floating-point operations a second of the fastest of several products of two square float32 matrices.
  private static func productRate(_ size: Int, on device: Device) -> Double {
    let (a, b) = (Tensor.rand([size, size], device: device), Tensor.rand([size, size], device: device))
    let seconds = noGrad { fastest(repetitions: device == .cpu ? 1 : 10, on: device) { _ = a.matmul(b) } }
    return 2 * pow(Double(size), 3) / seconds
  }

  /// The seconds that `body` takes in the fastest of five rounds of so many repetitions.
  private static func fastest(repetitions: Int, on device: Device, _ body: () -> Void) -> Double {
    (0..<5).map { _ in
      device.synchronize()
      var stopwatch = Stopwatch()
      for _ in 0..<repetitions { body() }
      device.synchronize()
      return stopwatch.lap() / Double(repetitions)
    }.min() ?? .infinity
  }
}
