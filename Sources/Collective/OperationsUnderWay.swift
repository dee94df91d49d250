import Foundation

/// What the communicators of a thread have started and what proceeds only while this thread looks at it: exchanges in
/// shared windows, sums in 16 bits, and what MPI does.
///
/// A rank that waits for one operation lets all others proceed, whichever communicator started them, for another rank may
/// wait for those first.
final class OperationsUnderWay {
  /// Operations of one communicator, or of several. Where they fail they remember that for their own callers.
  protocol Source: AnyObject {
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

  /// Whether something is under way elsewhere.
  func hasOthers(than source: any Source) -> Bool { sources.contains { $0 !== source } }

  /// Takes note that something is under way.
  func insert(_ source: any Source) {
    if !sources.contains(where: { $0 === source }) { sources.append(source) }
  }

  /// Takes note that nothing is any more, or that it failed.
  func remove(_ source: any Source) { sources.removeAll { $0 === source } }

  /// Lets all proceed but those of one source, which is at it.
  func proceed(but source: (any Source)? = nil) {
    for other in sources where other !== source { other.proceed() }
  }
}
