import Foundation

/// Keeps other processes from writing to a run's folder, as long as it and its process live.
final class RunLock {
  private let descriptor: Int32

  /// - Throws: ``FileError`` where another run has the folder.
  init(_ directory: RunDirectory) throws {
    let path = "\(directory.path)/.lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot write") }
    // Some network file systems know no locks.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      close(descriptor)
      throw FileError(
        directory.path,
        "another run is writing there: wait for its end, or choose another --output; if there is none, remove \(path)")
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
