import Collective
import DistTrain
import Foundation

extension ReplicaCheck {
  /// Makes six steps, before the fourth of which the last rank is asked to end: all ranks are told so of this step and the
  /// next ones, and make them.
  public static func beInterrupted(_ communicator: any Communicator) throws {
    Interruption.watch()
    let replica = try SmallProblem.replica(SmallProblem.perceptron(), communicator, recordsSteps: true)
    var started: [StartedStep] = []
    for step in 0..<6 {
      if step == 3 && communicator.rank == communicator.size - 1 { raise(SIGUSR1) }
      // In the fifth nobody has samples.
      let start = step * 40 + communicator.rank * 3
      started.append(try replica.start(step == 4 ? nil : SmallProblem.batch(start..<start + 3)))
    }
    let told = try started.map { try $0.outcome().interruption?.description ?? "no" }
    let asked = "interrupted by SIGUSR1"
    try require(told == ["no", "no", "no", asked, asked, asked], "\(told)")
    try require(replica.stepCount == 5, "\(replica.stepCount) steps")
  }

  /// Sends this process a signal twice.
  public static func beInterruptedTwice() {
    Interruption.watch()
    raise(SIGUSR1)
    print("asked once")
    fflush(nil)
    raise(SIGUSR1)
    print("asked twice")
  }
}
