import Collective
import Foundation
import Synchronization

/// A signal that asked a rank to end: of Ctrl-C, or of a batch system that wants its machines back.
///
/// ``watch(_:)`` makes steps tell of it, so that a program can end in good order:
///
///     Interruption.watch()
///     …
///     let outcome = try replica.step(batch)
///     if let interruption = outcome.interruption {
///       try replica.writeCheckpoint(to: path)
///       throw interruption
///     }
public struct Interruption: CommonError, Equatable, CustomStringConvertible {
  /// The number of the signal.
  public let signal: Int32

  /// The status that a process ends with after it: 128 more than the signal's number, as from a shell.
  public var status: Int32 { 128 + signal }

  /// What happened.
  public var description: String { "interrupted by \(name)" }

  private var name: String {
    switch signal {
    case SIGHUP: "SIGHUP"
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    case SIGUSR1: "SIGUSR1"
    case SIGUSR2: "SIGUSR2"
    default: "signal \(signal)"
    }
  }

  /// Lets signals ask this process to end, instead of ending it. A signal that comes for the second time does end it, and
  /// one that the process was started to ignore stays ignored. Nor does a pipe that nobody reads any more end it, as after
  /// Ctrl-C in a pipeline.
  ///
  /// - Parameter signals: Their numbers; by default those of Ctrl-C, `kill` and a terminal that is closed, and SIGUSR1,
  ///   which `mpirun` passes on to its ranks and `sbatch --signal` is mostly told to send.
  public static func watch(_ signals: [Int32] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1]) {
    _ = Foundation.signal(SIGPIPE, SIG_IGN)
    // A global is made when it is first used, which a handler must not be the one to do.
    _ = firstSignal.compareExchange(expected: 0, desired: 0, ordering: .relaxed)
    for number in signals {
      let before = Foundation.signal(number) { number in
        _ = firstSignal.compareExchange(expected: 0, desired: number, ordering: .relaxed)
        _ = Foundation.signal(number, SIG_DFL)
      }
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        _ = Foundation.signal(number, SIG_IGN)
      }
    }
  }

  /// The first signal that this process was sent; nil where none was, or none is watched.
  static var received: Interruption? {
    let signal = firstSignal.load(ordering: .relaxed)
    return signal == 0 ? nil : Interruption(signal: signal)
  }
}

/// The number of the first signal; 0 before it.
private let firstSignal = Atomic<Int32>(0)

extension Replica {
  /// What asked some rank to end, the same on all ranks, if anything did. Collective where it did.
  ///
  /// - Parameter isRequested: Whether a rank was asked, as all ranks know.
  func interruption(isRequested: Bool) throws -> Interruption? {
    guard communicator.size > 1 else { return Interruption.received }
    guard isRequested else { return nil }
    return Interruption(signal: try communicator.allReduced(Interruption.received?.signal ?? 0, .maximum))
  }
}
