import Foundation

/// A command that ran to its end, or until its time was up.
public struct ProcessRun: Sendable {
  /// The exit status, or the number of the signal that ended it.
  public let status: Int32

  /// Whether a signal ended it.
  public let wasSignalled: Bool

  /// Whether it was ended because its time was up.
  public let timedOut: Bool

  /// What it wrote to standard output.
  public let output: String

  /// What it wrote to standard error.
  public let errorOutput: String

  /// Whether it ended by itself with status 0.
  public var succeeded: Bool { status == 0 && !wasSignalled && !timedOut }

  /// Status and both outputs, for a failed test's message.
  public var report: String {
    """
    status \(status)\(wasSignalled ? " (signal)" : "")\(timedOut ? ", time was up" : "")
    output:
    \(output)
    error output:
    \(errorOutput)
    """
  }

  /// Runs a command in a process group of its own and returns when it has ended.
  ///
  /// After `timeout` seconds the group is asked to end and, five seconds later, killed: a command that hangs is a run
  /// that failed. `environment` is added to this process's. Throws when the command cannot be started.
  public static func run(
    _ executable: URL, _ arguments: [String] = [], environment: [String: String] = [:],
    directory: URL? = nil, timeout: TimeInterval = 300, whileRunning: (Int32) -> Void = { _ in }
  ) throws -> ProcessRun {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appending(path: "process-\(UUID().uuidString)")
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? files.removeItem(at: folder) }
    let (output, errorOutput) = (folder.appending(path: "output"), folder.appending(path: "error-output"))

    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = directory }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try fileForWriting(output)
    process.standardError = try fileForWriting(errorOutput)
    let hasEnded = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in hasEnded.signal() }
    try withoutBlockedSignals { try process.run() }
    whileRunning(process.processIdentifier)

    let timedOut = hasEnded.wait(timeout: .now() + timeout) == .timedOut
    if timedOut {
      signalGroup(of: process, SIGTERM)
      if hasEnded.wait(timeout: .now() + 5) == .timedOut {
        signalGroup(of: process, SIGKILL)
        hasEnded.wait()
      }
    }
    return ProcessRun(
      status: process.terminationStatus, wasSignalled: process.terminationReason == .uncaughtSignal,
      timedOut: timedOut, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errorOutput: String(decoding: try Data(contentsOf: errorOutput), as: UTF8.self))
  }

  private static func fileForWriting(_ file: URL) throws -> FileHandle {
    try Data().write(to: file)
    return try FileHandle(forWritingTo: file)
  }

  /// Does what starts a process, which inherits the thread's mask of signals: a worker thread of libdispatch blocks most,
  /// so that the process could not be asked to end.
  private static func withoutBlockedSignals(_ start: () throws -> Void) rethrows {
    var (none, own) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &own)
    defer { pthread_sigmask(SIG_SETMASK, &own, nil) }
    try start()
  }

  /// Signals the process's group, unless it shares this process's own.
  private static func signalGroup(of process: Process, _ signal: Int32) {
    let pid = process.processIdentifier
    kill(getpgid(pid) == pid ? -pid : pid, signal)
  }
}
