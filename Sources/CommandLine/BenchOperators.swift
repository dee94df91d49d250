import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

/// `disttrain bench operators`.
struct BenchOperators: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators",
    abstract: "Measure single operators on the processor, without gradients and with them.",
    discussion: """
      The first time is that of the operator inside noGrad, the second that of the operator, recorded, and of its backward \
      pass, which starts from fixed random numbers. What takes no gradient has the first only. Each is the median of the \
      runs of the given time; a run before them is not counted. Under mpirun all ranks measure at the same time, and the \
      slowest rank's times are printed.
      """)

  @Option(help: ArgumentHelp("Measure only these, separated by commas. (default: all)", valueName: "names"))
  var only: String?
  @Option(help: ArgumentHelp("How long to measure for each time.", valueName: "seconds"))
  var seconds = 0.2
  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    guard seconds > 0 && seconds.isFinite else {
      throw ValidationError("--seconds is \(seconds), expected a number above 0")
    }
    _ = try chosen()
  }

  func run() {
    runAsRank(collective: .mpi) { communicator in
      if communicator.rank == 0 && !json { print(Self.row("operator", "shape", "µs", "with gradients µs")) }
      for workload in try chosen() {
        let times = try measure(workload, communicator)
        if communicator.rank == 0 { report(workload, times, communicator.size) }
      }
    }
  }

  private func chosen() throws -> [OperatorWorkload] {
    let all = OperatorWorkload.all
    guard let only else { return all }
    return try only.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let workload = all.first(where: { $0.name == name }) else {
        throw ValidationError("“\(name)” is no operator; expected some of \(all.map(\.name).joined(separator: ","))")
      }
      return workload
    }
  }

  /// The microseconds without gradients and, where there are any, with them.
  private func measure(_ workload: OperatorWorkload, _ communicator: any Communicator) throws -> [Double] {
    let (leaves, compute) = workload.prepare(workload.shape)
    let unrecorded = try median(communicator) { noGrad { _ = compute() } }
    guard !leaves.isEmpty else { return [unrecorded] }
    for leaf in leaves { leaf.requiresGrad = true }
    let start = Tensor.randn(noGrad { compute().shape })
    let recorded = try median(communicator) {
      _ = try gradients(of: compute(), withRespectTo: leaves, gradient: start)
    }
    return [unrecorded, recorded]
  }

  /// The median of the microseconds that runs of `body` take, of the slowest rank.
  private func median(_ communicator: any Communicator, _ body: () throws -> Void) throws -> Double {
    try body()
    try communicator.barrier()
    var (times, elapsed) = ([Double](), 0.0)
    var stopwatch = Stopwatch()
    while elapsed < seconds {
      try body()
      times.append(stopwatch.lap())
      elapsed += times[times.count - 1]
    }
    return try communicator.allReduced(times.sorted()[times.count / 2] * 1e6, .maximum)
  }

  private func report(_ workload: OperatorWorkload, _ times: [Double], _ ranks: Int) {
    let shape = workload.shape.map(String.init).joined(separator: "x")
    guard json else {
      let texts = times.map { String(format: "%.1f", $0) } + [""]
      return print(Self.row(workload.name, shape, texts[0], texts[1]))
    }
    var record: [JSON.Member] = [
      .init("operator", .string(workload.name)), .init("shape", .string(shape)), .init("world", .integer(ranks)),
      .init("threads", .integer(BLAS.threadCount)),
    ]
    for (name, time) in zip(["us", "gradients_us"], times) { record.append(.init(name, .real(time, decimals: 3))) }
    print(JSON.object(record).text)
  }

  private static func row(_ name: String, _ shape: String, _ time: String, _ withGradients: String) -> String {
    func left(_ text: String, _ width: Int) -> String { text.padding(toLength: width, withPad: " ", startingAt: 0) }
    func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: width - text.count) + text }
    return left(name, 30) + left(shape, 14) + right(time, 12) + right(withGradients, 20)
  }
}
