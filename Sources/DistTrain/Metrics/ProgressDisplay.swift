import Collective
import Foundation

/// Shows how far training is: one line that is redrawn on a terminal, plain lines every few steps elsewhere.
///
/// ```
/// epoch 2/3  [=========>         ]  step 1204/2814  loss 0.3127  21,530 samples/s  1:14 left
/// ```
public struct ProgressDisplay {
  /// Where the line goes and what it may use there.
  public struct Output {
    /// Whether the line can be redrawn.
    public var isTerminal: Bool
    /// The width of the terminal, asked for at each drawing because it can change.
    public var columns: () -> Int
    /// Writes text as it is.
    public var write: (String) -> Void
    /// Seconds since any fixed moment.
    public var now: () -> Double

    /// An output of one's own.
    public init(
      isTerminal: Bool, columns: @escaping () -> Int, write: @escaping (String) -> Void,
      now: @escaping () -> Double
    ) {
      self.isTerminal = isTerminal
      self.columns = columns
      self.write = write
      self.now = now
    }

    /// The process's standard error, so that standard output stays free for results.
    ///
    /// Under `mpirun` a process's standard error is a pipe even when a person watches it. So whoever starts `mpirun` in
    /// a terminal says so with the variable `DISTTRAIN_COLUMNS`, the width of that terminal.
    /// - Parameter environment: The variables of the process.
    public static func standardError(
      environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Output {
      let givenColumns = environment["DISTTRAIN_COLUMNS"].flatMap { Int($0) }.map { min(max($0, 1), 10_000) }
      return Output(
        isTerminal: givenColumns != nil || isatty(STDERR_FILENO) == 1,
        columns: {
          if let givenColumns { return givenColumns }
          var size = winsize()
          return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        },
        write: StandardStreams.writeError,
        now: { ProcessInfo.processInfo.systemUptime })
    }
  }

  /// Redraws are at least this many seconds apart.
  private static let redrawInterval = 0.1
  /// The rate of samples is a mean that forgets over about this many seconds.
  private static let memory = 10.0

  private let epochs: Int
  private let totalSteps: Int
  private let lineInterval: Int
  private let output: Output

  private var lastUpdate: Double
  private var lastDrawing = -Double.infinity
  private var recentSamples = 0.0
  private var recentSteps = 0.0
  private var recentSeconds = 0.0
  private var line = ""
  private var isLineShown = false

  /// A display that starts its clock now.
  /// - Parameters:
  ///   - epochs: How many epochs the run has.
  ///   - totalSteps: How many steps the whole run has.
  ///   - lineInterval: Without a terminal, a line is written every so many steps, and after the last.
  ///   - output: Where to write.
  public init(epochs: Int, totalSteps: Int, lineInterval: Int, output: Output = .standardError()) {
    precondition(lineInterval > 0, "a line every \(lineInterval) steps")
    self.epochs = epochs
    self.totalSteps = totalSteps
    self.lineInterval = lineInterval
    self.output = output
    lastUpdate = output.now()
  }

  /// Tells of a step that is done.
  /// - Parameters:
  ///   - step: The number of the step, from 1 over the whole run.
  ///   - epoch: The number of the epoch, from 1.
  ///   - loss: The mean loss of the global batch.
  ///   - samples: The samples that all ranks together took in it.
  public mutating func update(step: Int, epoch: Int, loss: Double, samples: Int) {
    let now = output.now()
    let elapsed = max(now - lastUpdate, 0)
    lastUpdate = now
    let kept = exp(-elapsed / Self.memory)
    recentSamples = recentSamples * kept + Double(samples)
    recentSteps = recentSteps * kept + 1
    recentSeconds = recentSeconds * kept + elapsed

    let isLast = step >= totalSteps
    if output.isTerminal {
      guard isLast || now - lastDrawing >= Self.redrawInterval else { return }
      lastDrawing = now
      draw(bar(step: step, epoch: epoch, loss: loss))
    } else if isLast || step % lineInterval == 0 {
      output.write(texts(step: step, epoch: epoch, loss: loss).joined(separator: "  ") + "\n")
    }
  }

  /// Writes a line of its own, above the progress line where there is one.
  public mutating func message(_ text: String) {
    clear()
    output.write(text + "\n")
    if output.isTerminal, !line.isEmpty { draw(line) }
  }

  /// Leaves time out of the rate that was not spent in steps, such as an evaluation's: the clock goes on from now.
  public mutating func skipElapsedTime() { lastUpdate = output.now() }

  /// Ends the display: the last progress line stays, and what is written next starts on a new line.
  public mutating func finish() {
    if isLineShown { output.write("\n") }
    isLineShown = false
    line = ""
  }

  private mutating func draw(_ text: String) {
    output.write("\r\u{1B}[K" + text)
    line = text
    isLineShown = true
  }

  private mutating func clear() {
    if isLineShown { output.write("\r\u{1B}[K") }
    isLineShown = false
  }

  /// The parts of a line, the most important first.
  private func texts(step: Int, epoch: Int, loss: Double) -> [String] {
    var texts = [
      "epoch \(epoch)/\(epochs)", "step \(step)/\(totalSteps)", "loss \(loss.text(decimals: 4))",
    ]
    if recentSeconds > 0 {
      texts.append("\(Self.grouped(recentSamples / recentSeconds)) samples/s")
      texts.append("\(Self.clock(Double(totalSteps - step) * recentSeconds / recentSteps)) left")
    }
    return texts
  }

  /// The parts with a bar after the first, which takes the width that is left; parts that do not fit are left out.
  private func bar(step: Int, epoch: Int, loss: Double) -> String {
    let width = max(output.columns() - 1, 1)  // writing in the last column makes some terminals wrap
    var texts = texts(step: step, epoch: epoch, loss: loss)
    func textWidth() -> Int { texts.map(\.count).reduce(0, +) + 2 * (texts.count - 1) }
    while texts.count > 1, textWidth() > width { texts.removeLast() }
    let room = min(width - textWidth() - 4, 40)
    if room >= 5 {
      let filled = totalSteps > 0 ? min(max(step * room / totalSteps, 0), room) : room
      let head = filled == room ? "" : ">"
      let bar = String(repeating: "=", count: filled) + head
      texts.insert("[" + bar.padding(toLength: room, withPad: " ", startingAt: 0) + "]", at: 1)
    }
    return String(texts.joined(separator: "  ").prefix(width))
  }

  /// A whole number with commas between thousands.
  private static func grouped(_ value: Double) -> String {
    guard value.isFinite, value < 1e15 else { return "\(value)" }
    let digits = String(Int(value.rounded()))
    return digits.enumerated().map { index, digit in
      index > 0 && (digits.count - index) % 3 == 0 ? ",\(digit)" : "\(digit)"
    }.joined()
  }

  /// Seconds as minutes and seconds, or hours, minutes and seconds.
  private static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(seconds.rounded(.up))
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0 ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
  }
}
