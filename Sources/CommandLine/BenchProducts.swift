import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

/// `disttrain bench products`.
struct BenchProducts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "products",
    abstract: "Measure the matrix products of the workloads' linear layers: OpenBLAS, as chosen, and bfloat16.",
    discussion: """
      A line for each product of a layer: x·Wᵀ forward, g·W to the input, gᵀ·x to the weight. The three ways take turns; \
      the times are medians of nine. A star marks products that are not left to OpenBLAS. Under mpirun all ranks measure \
      at the same time, and the slowest rank's times are printed.
      """)

  @Option(help: "The workload; tiny, mlp, cnn and wide if left out.")
  var workload: Workload?

  func run() { runAsRank(collective: .mpi, measureAll) }

  private func measureAll(_ communicator: any Communicator) throws {
    func measure(_ layer: String, _ name: String, _ product: MatrixProduct) throws {
      var medians = Self.medians(product)
      try communicator.allReduce(&medians, .maximum)
      if communicator.rank == 0 { printRow(layer, name, product, medians) }
    }
    if communicator.rank == 0 {
      print("| layer | product | m × n × k | OpenBLAS µs | chosen µs | times | bfloat16 µs | times |")
      print("|---|---|---|---|---|---|---|---|")
    }
    try communicator.barrier()
    for workload in workload.map({ [$0] }) ?? [.tiny, .mlp, .cnn, .wide] {
      for (index, layer) in workload.linearLayers.enumerated() {
        try measure(
          "\(workload) \(index + 1)", "x·Wᵀ",
          .init(
            rows: layer.rows, columns: layer.outputs, inner: layer.inputs, transposesSecond: true))
        try measure("", "g·W", .init(rows: layer.rows, columns: layer.inputs, inner: layer.outputs))
        try measure(
          "", "gᵀ·x",
          .init(
            rows: layer.outputs, columns: layer.inputs, inner: layer.rows, transposesFirst: true))
      }
    }
  }

  /// The microseconds that a product takes by OpenBLAS, as chosen, and in bfloat16.
  private static func medians(_ p: MatrixProduct) -> [Double] {
    let (a, b) = (Tensor.rand([p.rows * p.inner]) - 0.5, Tensor.rand([p.inner * p.columns]) - 0.5)
    let c = Tensor.zeros([p.rows * p.columns])
    let repetitions = max(1, 4_000_000 / (p.rows * p.columns * p.inner))
    var times: [[Double]] = [[], [], []]
    a.withElements(of: Float.self) { a in
      b.withElements(of: Float.self) { b in
        c.withMutableElements(of: Float.self) { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          func time() -> Double {
            var stopwatch = Stopwatch()
            for _ in 0..<repetitions { p.compute(a, b, into: c, adding: false) }
            return stopwatch.lap() / Double(repetitions) * 1e6
          }
          for _ in 0..<9 {
            times[0].append(Kernels.choosing(generic: true) { time() })
            times[1].append(time())
            times[2].append(withProductPrecision(.bfloat16) { time() })
          }
        }
      }
    }
    return times.map { $0.sorted()[$0.count / 2] }
  }

  private func printRow(_ layer: String, _ name: String, _ p: MatrixProduct, _ medians: [Double]) {
    let star = MatrixKernel.fastest(for: p) == nil ? "" : "*"
    print(
      "| \(layer) | \(name)\(star) | \(p.rows) × \(p.columns) × \(p.inner) | "
        + String(
          format: "%.2f | %.2f | %.2f | %.2f | %.2f |", medians[0], medians[1], medians[0] / medians[1], medians[2],
          medians[0] / medians[2]))
  }
}

extension Workload {
  /// The sizes of the linear layers, and the rows that they multiply in a step.
  fileprivate var linearLayers: [(rows: Int, inputs: Int, outputs: Int)] {
    let weights = makeModel().namedParameters().filter { $0.name.hasSuffix("weight") && $0.parameter.rank == 2 }
    return weights.map { name, weight in
      // An encoder's layers have a row for every place of a sample.
      let rows = name.contains("encoder") ? placesOfSample : 1
      return (benchmarkBatch * rows, weight.shape[1], weight.shape[0])
    }
  }
}
