import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

/// `disttrain bench roofline`: what this machine can do at most.
struct Roofline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roofline",
    abstract: "Measure the ceilings of this machine: arithmetic, memory, and the matrix product.",
    discussion: """
      One line for each: multiply-adds in float32 on registers, reading and copying memory that no cache holds, and \
      square matrix products. Under mpirun all ranks measure at the same time, and the slowest rank's figures are printed.
      """)

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    runAsRank { communicator in
      try communicator.barrier()
      let ceilings = ProcessorCeilings.measure()
      var figures = [
        Figure("multiply_adds", "float32 multiply-adds, one core", ceilings.flopsPerSecond, "FLOP/s"),
        Figure("memory_read", "memory read, one core", ceilings.readBytesPerSecond, "B/s"),
        Figure("memory_copy", "memory copied (read + written), one core", ceilings.copyBytesPerSecond, "B/s"),
      ]
      let threads = threadsPerRank(communicator)
      for size in [256, 1024, 2048] {
        figures.append(
          Figure(
            "product_\(size)", "matrix product \(size)³, \(threads) thread\(threads == 1 ? "" : "s")",
            Self.productRate(size), "FLOP/s"))
      }
      for index in figures.indices {
        figures[index].rate = try communicator.allReduced(figures[index].rate, .minimum)
      }
      if communicator.rank == 0 { report(figures) }
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
  private static func productRate(_ size: Int) -> Double {
    let (a, b) = (Tensor.rand([size, size]), Tensor.rand([size, size]))
    return noGrad {
      (0..<5).map { _ in
        var stopwatch = Stopwatch()
        let product = a.matmul(b)
        let seconds = stopwatch.lap()
        extendLifetime(product)
        return 2 * pow(Double(size), 3) / seconds
      }.max() ?? 0
    }
  }
}
