import Autograd
import Collective
import DistTrain
import Foundation

/// Training steps of all ranks, made while this rank's operators are recorded.
struct ProfiledSteps {
  /// Where this rank's time went.
  private(set) var profile = StepProfile()
  /// The events of the last steps of every rank, on rank 0, as a trace has them.
  private(set) var traceLines: [String] = []

  /// The steps that a trace shows.
  static let tracedSteps = 5
  /// The steps after which events become totals, so that they need not all be kept.
  private static let stepsOfRound = 20
  private static let mostRounds = 50

  /// Makes steps. Collective.
  ///
  /// - Parameters:
  ///   - count: How many, rounded up to a multiple of 20 and at most 1000.
  ///   - isTraced: Whether the last of them are kept for a trace.
  ///   - makeStep: Makes one.
  init(count: Int, isTraced: Bool, _ communicator: any Communicator, _ makeStep: () throws -> Void) throws {
    let profiler = Profiler()
    try communicator.barrier()
    let origin = Profiler.now()
    let rounds = min((count + Self.stepsOfRound - 1) / Self.stepsOfRound, Self.mostRounds)
    for _ in 0..<rounds {
      profiler.removeAll()
      try profiler.record {
        for _ in 0..<Self.stepsOfRound { try profiled(.step, makeStep) }
      }
      profile.add(profiler.events)
    }
    if isTraced {
      let lines = ChromeTrace.lines(
        profiler.events.suffix(steps: Self.tracedSteps), origin: origin, rank: communicator.rank)
      traceLines = try (0..<communicator.size).map { try communicator.broadcast(lines, from: $0) }
    }
  }

  /// Prints the table and what it is measured against.
  ///
  /// - Parameters:
  ///   - ceilings: Of this machine, while all ranks use it.
  ///   - plainSeconds: What a step took that was not recorded.
  func printTable(_ ceilings: StepProfile.Ceilings, plainSeconds: Double) {
    let recordedSeconds = Double(profile.nanoseconds) / 1e9 / Double(profile.stepCount)
    print(
      String(
        format: """

          Where the time of %d more steps went on rank 0. Recording made a step %.3f times as long.
          Ceilings of %@: %.1f GFLOP/s, %.1f GB/s of memory.

          """, profile.stepCount, recordedSeconds / plainSeconds, ceilings.source, ceilings.flopsPerSecond / 1e9,
        ceilings.bytesPerSecond / 1e9))
    print(profile.table(ceilings))
  }
}
