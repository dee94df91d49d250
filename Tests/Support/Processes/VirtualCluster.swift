import Foundation

/// Runs a built product on several hosts that `launch/virtual-cluster` makes up.
public enum VirtualCluster {
  /// Why this machine cannot; nil when it can.
  public static let obstacle: String? = {
    guard getuid() == 0 else { return "launch/virtual-cluster needs root" }
    let missing = ["ip", "tc", "mpirun"].filter { (try? BuiltProduct.onPath($0)) == nil }
    return missing.isEmpty ? nil : "launch/virtual-cluster needs \(missing.joined(separator: ", "))"
  }()

  /// The launcher, beside the sources of this package.
  public static var launcher: URL {
    var folder = URL(filePath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    return folder.appending(path: "launch/virtual-cluster")
  }

  /// Runs a product on as many hosts as `ranksPerHost` has numbers, with so many ranks on each.
  public static func run(
    ranksPerHost: [Int], product: String, arguments: [String] = [], rate: String? = nil, directory: URL? = nil,
    timeout: TimeInterval = 300
  ) throws -> ProcessRun {
    let ranks = ranksPerHost.map(String.init).joined(separator: ",")
    return try ProcessRun.run(
      launcher,
      ["\(ranksPerHost.count)", "--ranks", ranks] + (rate.map { ["--rate", $0] } ?? [])
        + ["--", BuiltProduct.url(product).path] + arguments,
      directory: directory, timeout: timeout)
  }
}
