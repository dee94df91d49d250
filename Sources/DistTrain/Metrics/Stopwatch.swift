/// Measures the laps between its calls.
public struct Stopwatch {
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant

  /// Starts the first lap.
  public init() { last = clock.now }

  /// The seconds since the last lap ended; the next begins.
  public mutating func lap() -> Double {
    let now = clock.now
    defer { last = now }
    return (now - last) / .seconds(1)
  }
}
