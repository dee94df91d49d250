import Foundation

/// The process's standard input, output and error.
package enum StandardStreams {
  /// Opens the null device for those that the process was started without: else the files that it opens next would be
  /// taken for them.
  package static func open() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest number that is free is the one that is missing.
      _ = Foundation.open("/dev/null", O_RDWR)
    }
  }

  /// Writes to standard error. Where nothing can be written, on a full disk or a terminal that has gone away, the text is
  /// lost, and no more.
  package static func writeError(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
