import Foundation

/// An error that all ranks throw alike, so that rank 0 alone tells it.
public protocol CommonError: Error {}

extension Communicator {
  /// Ends the job with a status after an error, which one rank reports: the rank that failed, or rank 0 for a
  /// ``CommonError``. Where several ranks fail alike at the same time it is, as a rule, the first of them that is heard, for
  /// the others wait.
  ///
  /// Ranks with nothing to report leave it to that rank to end the job, so that its message is not lost. Should it not
  /// come to that within ten seconds, they end the job themselves.
  public func fail(_ error: any Error, status: Int32 = 1, report: (any Error) -> Void) -> Never {
    let isToldElsewhere = error is PeerFailure || (error is any CommonError && rank != 0)
    if isToldElsewhere {
      Thread.sleep(forTimeInterval: 10)
    } else {
      // On a busy machine a launcher takes seconds to end the others.
      if rank > 0 { Thread.sleep(forTimeInterval: min(2 + Double(rank) * 0.5, 5)) }
      report(error)
    }
    abort(status)
  }
}
