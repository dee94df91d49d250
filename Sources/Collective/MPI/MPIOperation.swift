import CMPI

/// A started MPI operation, in as many requests as its count needed.
final class MPIOperation: PendingOperation {
  private let call: String
  /// Those that are not known to be complete. One that fails is dropped, for MPI cannot complete it any more.
  private var requests: [OpaquePointer] = []

  init(call: String) { self.call = call }

  func append(_ request: OpaquePointer) { requests.append(request) }

  func test() throws -> Bool {
    while let request = requests.first {
      var isComplete: Int32 = 0
      let code = cmpi_test(request, &isComplete)
      if code == 0 && isComplete == 0 { return false }
      try release(after: code)
    }
    return true
  }

  func wait() throws {
    while let request = requests.first { try release(after: cmpi_wait(request)) }
  }

  private func release(after code: Int32) throws {
    cmpi_request_free(requests.removeFirst())
    try MPIError.check(code, call)
  }

  /// MPI may still write into the buffer, and a collective operation cannot be cancelled.
  deinit {
    do { try wait() } catch { preconditionFailure("a dropped operation cannot be completed: \(error)") }
  }
}
