import Foundation

/// Compiled kernels on disk, in the ``CacheFolder``, so that a program compiles only what was never compiled for this GPU
/// before.
///
/// A file holds a first line with all that its content depends on, then a line with the content's checksum, then the
/// content. One that is damaged is compiled anew; a folder that cannot be written only costs the next start its time.
package struct KernelCache: Sendable {
  private let folder: CacheFolder

  /// The cache of this user.
  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    folder = CacheFolder(environment: environment)
  }

  /// The content stored under `key`, which names everything that it depends on.
  package func content(of key: String) -> [UInt8]? {
    guard let data = FileManager.default.contents(atPath: path(of: key)) else { return nil }
    let bytes = [UInt8](data)
    let expected = Array("\(key)\n".utf8)
    let checksumLength = 17
    guard bytes.count >= expected.count + checksumLength, bytes.starts(with: expected) else { return nil }
    let content = Array(bytes[(expected.count + checksumLength)...])
    let checksum = bytes[expected.count..<expected.count + checksumLength]
    return checksum.elementsEqual("\(Self.text(Self.hash(content)))\n".utf8) ? content : nil
  }

  /// Stores `content` under `key`; other processes see all of it or nothing.
  package func store(_ content: [UInt8], under key: String) {
    let manager = FileManager.default
    guard (try? folder.make()) != nil else { return }
    let data = Data("\(key)\n\(Self.text(Self.hash(content)))\n".utf8) + content
    let path = path(of: key)
    let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier)"
    guard manager.createFile(atPath: temporary, contents: data) else { return }
    if rename(temporary, path) != 0 { unlink(temporary) }
  }

  private func path(of key: String) -> String { "\(folder.path)/\(Self.text(Self.hash(key.utf8))).kernels" }

  /// FNV-1a (G. Fowler, L. Noll, K.-P. Vo) of 64 bits.
  static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  static func text(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
