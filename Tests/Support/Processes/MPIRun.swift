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
    return try ProcessRun.run(
      try BuiltProduct.onPath("mpirun"), flags + launcherArguments + [BuiltProduct.url(product).path] + arguments,
      environment: environment, directory: directory, timeout: timeout, whileRunning: whileRunning)
  }
}
