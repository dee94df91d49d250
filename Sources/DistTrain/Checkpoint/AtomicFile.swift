import Foundation
import Synchronization

/// A file that appears under its name only when it is complete and on the disk.
///
/// Bytes go to a temporary file in the same folder; ``commit()`` forces them to the disk, renames the file and forces
/// the folder's entry to the disk. A process that dies before leaves what was there under the name untouched. Where the
/// name is a symbolic link to a file, that file is replaced.
package final class AtomicFile {
  private let path: String
  /// Where the file is put: the path, or what it links to.
  private let target: String
  private let folder: String
  private let temporaryPath: String
  private let descriptor: Int32
  private var isCommitted = false

  /// How many files this process began: two threads may write one of the same name.
  private static let count = Atomic<Int>(0)

  /// Begins a file.
  /// - Throws: ``FileError`` where something else than a file is there, or the folder is missing or cannot be written to.
  package init(path: String) throws {
    try requireFileOrNothing(at: path)
    self.path = path
    target = linkedFile(path) ?? path
    let name: String
    (folder, name) = folderAndName(target)
    let prefix = ".\(name).\(ProcessInfo.processInfo.hostName)."
    let number = Self.count.add(1, ordering: .relaxed).newValue
    temporaryPath = "\(folder)/\(prefix)\(getpid())-\(number).tmp"
    Self.removeLeftovers(prefix, in: folder)
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot write in the folder \(folder)") }
  }

  deinit {
    close(descriptor)
    if !isCommitted { unlink(temporaryPath) }
  }

  /// Removes what processes of this machine left that were killed while they wrote a file of this name.
  private static func removeLeftovers(_ prefix: String, in folder: String) {
    for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard file.hasPrefix(prefix), file.hasSuffix(".tmp"),
        let process = pid_t(file.dropFirst(prefix.count).dropLast(4).prefix { $0 != "-" }),
        kill(process, 0) != 0 && errno == ESRCH
      else { continue }
      unlink("\(folder)/\(file)")
    }
  }

  /// Appends bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    try writeAll(bytes, to: descriptor, path: path)
  }

  /// Appends bytes.
  package func write(_ bytes: some Collection<UInt8>) throws {
    try Array(bytes).withUnsafeBytes { try write($0) }
  }

  /// Makes the file appear under its name, in place of one that is there.
  package func commit() throws {
    guard fsync(descriptor) == 0 else { throw FileError.system(path, "cannot force to the disk") }
    guard rename(temporaryPath, target) == 0 else { throw FileError.system(path, "cannot replace") }
    isCommitted = true
    let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard folderDescriptor >= 0 else { throw FileError.system(folder, "cannot open") }
    defer { close(folderDescriptor) }
    guard fsync(folderDescriptor) == 0 else { throw FileError.system(folder, "cannot force to the disk") }
  }
}

/// - Throws: ``FileError`` where there is something at `path` that is neither a file nor a link to one.
func requireFileOrNothing(at path: String) throws {
  var status = stat()
  guard !path.hasSuffix("/"), stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
    throw FileError(path, "is not a regular file")
  }
}

/// The file that a symbolic link leads to; nil where `path` is no link, or leads nowhere.
private func linkedFile(_ path: String) -> String? {
  var status = stat()
  guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK, let resolved = realpath(path, nil) else {
    return nil
  }
  defer { free(resolved) }
  return String(cString: resolved)
}

/// Writes all bytes to a file descriptor, going on after interruptions and partial writes.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
  var done = 0
  while done < bytes.count {
    let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
    if count >= 0 {
      done += count
    } else if errno != EINTR {
      throw FileError.system(path, "cannot write")
    }
  }
}
