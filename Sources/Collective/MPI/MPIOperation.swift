import CMPI
import Foundation

/// A started MPI operation, in as many requests as its count needed.
final class MPIOperation: PendingOperation {
  /// One MPI request.
  struct Request {
    let handle: OpaquePointer
    /// The elements that have to arrive, where it is a receive.
    var expectedCount: Int?
  }

  private let call: StaticString
  private let watch: MPICallWatch
  private let progress: MPIProgress
  private let source: (rank: Int, tag: Int)
  /// Those that are not known to be complete, oldest last.
  private var requests: [Request]
  /// What went wrong. MPI cannot complete a request that failed; those after it are still to be waited for.
  private var failure: (any Error)?

  init(
    _ call: StaticString, _ requests: [Request], source: (rank: Int, tag: Int), watchedBy watch: MPICallWatch,
    beside progress: MPIProgress
  ) {
    self.call = call
    self.watch = watch
    self.progress = progress
    self.source = source
    self.requests = requests.reversed()
    if !requests.isEmpty { progress.operationBegan() }
  }

  func test() throws -> Bool {
    while let request = requests.last {
      var isComplete: Int32 = 0
      let code = cmpi_test(request.handle, &isComplete)
      if code == 0 && isComplete == 0 { return false }
      complete(request, code)
    }
    if let failure { throw failure }
    return true
  }

  func wait() throws {
    if progress.operations.hasOthers(than: progress) { try watch.during(call) { try proceedUntilComplete() } }
    while let request = requests.last { complete(request, watch.during(call) { cmpi_wait(request.handle) }) }
    if let failure { throw failure }
  }

  /// Returns once this is complete or nothing else is under way, which proceeds meanwhile.
  private func proceedUntilComplete() throws {
    while try !test() && progress.operations.hasOthers(than: progress) {
      progress.operations.proceed(but: progress)
      sched_yield()
    }
  }

  private func complete(_ request: Request, _ code: Int32) {
    requests.removeLast()
    let received = Int(cmpi_received_count(request.handle))
    cmpi_request_free(request.handle)
    if requests.isEmpty { progress.operationEnded() }
    do {
      try MPIError.check(code, call)
      if let expected = request.expectedCount, received != expected {
        throw CollectiveError.wrongMessageCount(
          found: received, expected: expected, source: source.rank, tag: source.tag)
      }
    } catch {
      failure = failure ?? error
    }
  }

  /// MPI may still write into the buffer, and a collective operation cannot be cancelled.
  deinit {
    guard !requests.isEmpty else { return }
    do { try wait() } catch { preconditionFailure("a dropped operation cannot be completed: \(error)") }
  }
}
