import Autograd
import Collective
import Foundation

/// The sizes of buckets that were measured for a model on a cluster, in a file of the user's cache folder.
package struct BucketCache {
  private static let format = "disttrain buckets 1"
  /// More bytes than such a file has.
  private static let byteLimit = 1 << 22

  /// All that the sizes depend on.
  private let key: String
  private let folder: CacheFolder

  /// The place of the sizes that were measured under `key`, which names all that they depend on.
  package init(key: String, folder: CacheFolder = CacheFolder()) {
    self.key = key
    self.folder = folder
  }

  /// The file.
  package var path: String {
    let checksum = Array(key.utf8).withUnsafeBytes { XXHash64.checksum($0) }
    return "\(folder.path)/\(String(checksum, radix: 16)).buckets"
  }

  /// The sizes; nil where none were kept.
  ///
  /// - Throws: ``FileError`` for a file that cannot be read or holds something else.
  package func read() throws -> BucketSizes? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let bytes = try InputFile(path: path).readAll(limit: Self.byteLimit)
    let json: JSON
    do { json = try JSON(parsing: bytes) } catch { throw FileError(path, "is not valid JSON: \(error)") }
    guard json["format"]?.stringValue == Self.format, json["key"]?.stringValue == key,
      let sizes = json["sizes"]?.stringValue.flatMap({ BucketSizes($0) })
    else {
      throw FileError(path, "does not hold the sizes of buckets that were measured here")
    }
    return sizes
  }

  /// Keeps sizes; other processes see all of it or nothing.
  ///
  /// - Throws: What is wrong with the folder or the file.
  package func write(_ sizes: BucketSizes) throws {
    try folder.make()
    let json = JSON.object([
      .init("format", .string(Self.format)), .init("sizes", .string(sizes.description)), .init("key", .string(key)),
    ])
    let file = try AtomicFile(path: path)
    try file.write("\(json.text)\n".utf8)
    try file.commit()
  }
}

extension BucketCache {
  /// The cache for the replicas of a training, on the ranks that are there. Collective.
  init(
    _ configuration: TrainingConfiguration, _ replica: Replica, _ communicator: any Communicator, folder: CacheFolder
  ) throws {
    let settings = [
      ("device", configuration.device.rawValue), ("precision", configuration.precision.rawValue),
      ("global batch", "\(configuration.globalBatch)"), ("batch", "\(configuration.cut)"),
      ("collective", configuration.collective.rawValue), ("compression", configuration.compress?.rawValue ?? "none"),
      ("sharded optimizer", "\(configuration.shardOptimizer)"), ("sums on GPUs", replica.gradientSums ?? "none"),
    ]
    let hosts = try communicator.hostNames().enumerated().map { "rank \($0): \($1)" }
    let lines = settings.map { "\($0): \($1)" } + hosts + [replica.model.fingerprint]
    self.init(key: lines.joined(separator: "\n"), folder: folder)
  }
}

extension Communicator {
  /// The name of each rank's machine, as far as 64 bytes go. Collective.
  fileprivate func hostNames() throws -> [String] {
    let own = Array(launch.processorName.utf8.prefix(64))
    let padded = own + [UInt8](repeating: 0, count: 64 - own.count)
    var all = [UInt8](repeating: 0, count: 64 * size)
    try padded.withUnsafeBufferPointer { part in
      try all.withUnsafeMutableBufferPointer { try allGather(part, into: $0) }
    }
    return (0..<size).map { rank in
      String(decoding: all[64 * rank..<64 * rank + 64].prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
