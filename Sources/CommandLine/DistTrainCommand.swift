import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

@main
struct DistTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disttrain",
    abstract: "Train neural networks data-parallel over MPI ranks.",
    discussion: """
      Started by itself it runs as one process; under mpirun or srun every rank is a replica:

        disttrain train --model mlp
        mpirun -n 4 disttrain train --model cnn --global-batch 256
      """,
    version: "1.0.0",
    subcommands: [Train.self, Evaluate.self, Predict.self, Bench.self, Doctor.self])

  /// Parses and runs. What all ranks complain about is told by the first, what only others do by one of those. (A rank that
  /// ended on its own would have the launcher end the first one too, perhaps before its message is out, and add a message of
  /// the launcher's.)
  static func main() {
    StandardStreams.open()
    do {
      try Kernels.checkEnvironment()
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let status = exitCode(for: error)
      if status != .success, let communicator = try? launchedCommunicator(), communicator.size > 1 {
        communicator.fail(error, status: status.rawValue) { StandardStreams.writeError("\(fullMessage(for: $0))\n") }
      }
      if isFirstRank { exit(withError: error) }
      Foundation.exit(status.rawValue)
    }
  }

  private static var isFirstRank: Bool {
    let environment = try? LaunchEnvironment(ProcessInfo.processInfo.environment)
    return (environment?.rank ?? 0) == 0
  }
}

/// Measurements of this machine.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Measure training steps, loaders, operators, matrix products, all-reduces, recording or the machine.",
    subcommands: [
      BenchStep.self, BenchLoader.self, BenchOperators.self, BenchProducts.self, BenchAllReduce.self, BenchGraph.self,
      BenchRoofline.self,
    ])
}
