import Foundation

/// Runs a built product as several ranks under the real `mpirun`.
public enum MPIRun {
  /// Runs `ranks` processes of a product of this package; they may outnumber the cores.
  ///
  /// `launcherArguments` go to `mpirun` itself. Throws when `mpirun` or the product is not there.
  public static func run(
    ranks: Int, product: String, arguments: [String] = [], launcherArguments: [String] = [],
    environment: [String: String] = [:], directory: URL? = nil, timeout: TimeInterval = 300,
    whileRunning: (Int32) -> Void = { _ in }
  ) throws -> ProcessRun {
    var flags = ["-n", "\(ranks)", "--oversubscribe", "--bind-to", "none", "--mca", "btl", "self,vader"]
    if getuid() == 0 { flags.append("--allow-run-as-root") }
    let run = try ProcessRun.run(
      try BuiltProduct.onPath("mpirun"), flags + launcherArguments + [BuiltProduct.url(product).path] + arguments,
      environment: environment, directory: directory, timeout: timeout, whileRunning: whileRunning)
    return ProcessRun(
      status: run.status, wasSignalled: run.wasSignalled, timedOut: run.timedOut, output: run.output,
      errorOutput: withoutNotice(run.errorOutput))
  }

  /// A text without the box in which Open MPI 5's launcher tells that a rank ended the job.
  private static func withoutNotice(_ text: String) -> String {
    let rule = String(repeating: "-", count: 74) + "\n"
    guard let start = text.firstRange(of: rule + "prterun has exited due to process rank"),
      let end = text[start.upperBound...].firstRange(of: rule)
    else { return text }
    return String(text[..<start.lowerBound] + text[end.upperBound...])
  }
}
