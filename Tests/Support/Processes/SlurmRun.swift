import Foundation

/// Runs commands on several hosts that `launch/virtual-cluster` makes up and Slurm manages.
public enum SlurmRun {
  /// Why this machine cannot; nil when it can.
  public static let obstacle: String? = {
    if let obstacle = VirtualCluster.obstacle { return obstacle }
    let missing = ["slurmctld", "slurmd", "srun"].filter { (try? BuiltProduct.onPath($0)) == nil }
    return missing.isEmpty ? nil : "launch/virtual-cluster --slurm needs \(missing.joined(separator: ", "))"
  }()

  /// Runs a shell's script on the first of `hosts`, of which each has `slots` processors for Slurm; `$0` and so on are
  /// `arguments`. It finds this package's products, and works in the package's folder, from which jobs are sent.
  public static func run(
    _ script: String, _ arguments: [String], hosts: Int, slots: Int, timeout: TimeInterval = 120
  ) throws -> ProcessRun {
    let package = VirtualCluster.launcher.deletingLastPathComponent().deletingLastPathComponent()
    let products = try BuiltProduct.url("disttrain").deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try ProcessRun.run(
      VirtualCluster.launcher,
      ["\(hosts)", "--ranks", "\(slots)", "--slurm", "--", "sh", "-c", script] + arguments,
      environment: ["PATH": "\(products):\(path)"], directory: package, timeout: timeout)
  }
}
