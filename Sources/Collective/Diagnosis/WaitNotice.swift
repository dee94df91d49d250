/// Tells on standard error that a rank has waited for long: after some seconds, and each time that these have doubled.
package struct WaitNotice {
  private let start = ContinuousClock.now
  private var nextSeconds: Double

  /// A wait that begins now, and that is told of after so many seconds.
  package init(afterSeconds seconds: Double = 5) { nextSeconds = seconds }

  /// Says that a rank waits for something, if it is time to.
  package mutating func tell(rank: Int, waitsFor what: @autoclosure () -> String) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    guard seconds >= nextSeconds else { return }
    nextSeconds *= 2
    StandardStreams.writeError("rank \(rank) has waited \(Int(seconds)) s for \(what())\n")
  }
}
