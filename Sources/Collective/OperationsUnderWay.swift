import Foundation

/// What the communicators of a thread have started and what proceeds only while it is looked at: exchanges in shared
/// windows, and sums in 16 bits.
///
/// A rank that waits for one operation lets all others proceed, whichever communicator started them, for another rank may
/// wait for those first. MPI's own operations proceed in all MPI calls.
final class OperationsUnderWay {
  /// Operations of one communicator. Where they fail they remember that for their own callers.
  protocol Source: AnyObject {
    /// Whether some are collective.
    var hasCollectives: Bool { get }
    /// Does what can be done without waiting.
    func proceed()
  }

  private var sources: [any Source] = []

  /// Those of the calling thread. A communicator belongs to the thread that made it.
  static var ofThread: OperationsUnderWay {
    let name = "DistTrain.OperationsUnderWay"
    let dictionary = Thread.current.threadDictionary
    if let existing = dictionary[name] as? OperationsUnderWay { return existing }
    let new = OperationsUnderWay()
    dictionary[name] = new
    return new
  }

  /// Whether nothing is under way.
  var isEmpty: Bool { sources.isEmpty }

  /// Whether something is under way in another communicator.
  func hasOthers(than source: any Source) -> Bool { sources.contains { $0 !== source } }

  /// Takes note that a communicator has operations under way.
  func insert(_ source: any Source) {
    if !sources.contains(where: { $0 === source }) { sources.append(source) }
  }

  /// Takes note that it has none any more, or that they failed.
  func remove(_ source: any Source) { sources.removeAll { $0 === source } }

  /// Lets all proceed but those of one communicator, which is at it.
  func proceed(but source: (any Source)? = nil) {
    guard !sources.isEmpty else { return }
    for other in sources where other !== source { other.proceed() }
  }

  /// Returns once no collective operation is under way, before a call that proceeds with nothing while it waits: all ranks
  /// start theirs before they make that call.
  func finishCollectives() {
    while sources.contains(where: \.hasCollectives) {
      proceed()
      sched_yield()
    }
  }
}
