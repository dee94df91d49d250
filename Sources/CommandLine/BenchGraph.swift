import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

/// `disttrain bench graph`.
struct BenchGraph: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Measure what recording costs: operations on tensors of one element.",
    discussion: """
      A chain of products of a tensor with a leaf is computed, recorded, and differentiated: nothing is calculated that \
      would take time. The figures are medians over many chains. Under mpirun all ranks measure at the same time, and the \
      slowest rank's figures are printed.
      """)

  @Option(help: ArgumentHelp("Operations in a chain.", valueName: "number"))
  var operations = 1000
  @Option(help: ArgumentHelp("How many chains to measure.", valueName: "number"))
  var chains = 400

  func validate() throws {
    if operations < 1 { throw ValidationError("--operations is \(operations), expected at least 1") }
    if chains < 1 { throw ValidationError("--chains is \(chains), expected at least 1") }
  }

  func run() { runAsRank(collective: .mpi, measure) }

  private func measure(_ communicator: any Communicator) throws {
    var unrecorded: [Double] = []
    var forward: [Double] = []
    var backward: [Double] = []
    try communicator.barrier()
    for _ in 0..<chains {
      unrecorded.append(noGrad { seconds { _ = chain() } })
      var result: Tensor?
      forward.append(seconds { result = chain() })
      backward.append(try seconds { try result?.backward() })
    }
    let names = ["operation, not recorded", "operation, recorded", "backward pass"]
    for (name, times) in zip(names, [unrecorded, forward, backward]) {
      let median = try communicator.allReduced(times.sorted()[times.count / 2] / Double(operations), .maximum)
      guard communicator.rank == 0 else { continue }
      print(String(format: "%@: %.0f ns each", name, median * 1e9))
    }
  }

  private func chain() -> Tensor {
    let factor = Tensor([1.0], requiresGrad: true)
    var product = factor
    for _ in 0..<operations { product = product * factor }
    return product
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    var stopwatch = Stopwatch()
    try body()
    return stopwatch.lap()
  }
}
