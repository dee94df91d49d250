import Collective
import Foundation

/// How the cores of a node are divided among its ranks.
package enum CoreShare {
  /// The threads of a rank: its equal part of every core that it may run on, with all who may run there too, rounded
  /// down to whole cores; at least one.
  ///
  /// So ranks that are bound have their own cores, and those that are not an equal part of what they are allowed together.
  ///
  /// - Parameter cores: The cores that each rank of a node may run on.
  package static func threadCount(of rank: Int, among cores: [Set<Int>]) -> Int {
    let share = cores[rank].reduce(0.0) { sum, core in sum + 1 / Double(cores.count { $0.contains(core) }) }
    // A sum of thirds may be a little less than one.
    return max(1, Int(share + 1e-6))
  }

  /// The threads that `OMP_NUM_THREADS` asks for, whose first number counts, as in OpenMP; nil where it is not set.
  ///
  /// - Throws: ``ConfigurationError`` where it is no number of 1 or more.
  package static func requestedThreadCount(_ environment: [String: String]) throws -> Int? {
    guard let text = environment["OMP_NUM_THREADS"], !text.isEmpty else { return nil }
    let first = text.prefix { $0 != "," }.trimmingCharacters(in: .whitespaces)
    guard let count = Int(first), (1...1024).contains(count) else {
      throw ConfigurationError("OMP_NUM_THREADS is '\(text)', expected a number from 1 to 1024")
    }
    return count
  }
}

extension Communicator {
  /// The threads of this rank, by ``CoreShare``. Collective.
  package func threadsOfThisRank() throws -> Int {
    let node = Array(launch.processorName.utf8).withUnsafeBytes { XXHash64.checksum($0) }
    var own = withUnsafeBytes(of: node) { Array($0) } + [UInt8](repeating: 0, count: Self.coreMaskByteCount)
    for core in Processor.allowedCores where core / 8 < Self.coreMaskByteCount { own[8 + core / 8] |= 1 << (core % 8) }
    var all = [UInt8](repeating: 0, count: size * own.count)
    try own.withUnsafeBufferPointer { own in try all.withUnsafeMutableBufferPointer { try allGather(own, into: $0) } }
    func part(_ rank: Int) -> ArraySlice<UInt8> { all[rank * own.count..<(rank + 1) * own.count] }
    let ranksOfNode = (0..<size).filter { part($0).prefix(8) == own.prefix(8) }
    let cores = ranksOfNode.map { rank in
      let mask = Array(part(rank).dropFirst(8))
      return Set((0..<8 * mask.count).filter { (core: Int) -> Bool in mask[core / 8] >> (core % 8) & 1 == 1 })
    }
    return CoreShare.threadCount(of: ranksOfNode.firstIndex(of: rank) ?? 0, among: cores)
  }

  /// For 8192 cores, the most that Linux can be built for.
  private static var coreMaskByteCount: Int { 1024 }
}
