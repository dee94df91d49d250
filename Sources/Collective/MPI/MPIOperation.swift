import CMPI

/// A started MPI operation, in as many requests as its count needed.
final class MPIOperation: PendingOperation {
  private let call: String
  private var requests: [OpaquePointer]

  init(call: String, requests: [OpaquePointer]) {
    self.call = call
    self.requests = requests
  }

  func test() throws -> Bool {
    while let request = requests.first {
      var isComplete: Int32 = 0
      try MPIError.check(cmpi_test(request, &isComplete), call)
      guard isComplete != 0 else { return false }
      release()
    }
    return true
  }

  func wait() throws {
    while let request = requests.first {
      try MPIError.check(cmpi_wait(request), call)
      release()
    }
  }

  private func release() { cmpi_request_free(requests.removeFirst()) }

  /// MPI may still write into the buffer, and a collective operation cannot be cancelled.
  deinit {
    do { try wait() } catch { preconditionFailure("a dropped operation cannot be completed: \(error)") }
  }
}
