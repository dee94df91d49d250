import Foundation
import Synchronization

/// Says on standard error that a rank is in an MPI call for long, which does not come back meanwhile: a thread looks.
final class MPICallWatch: Sendable {
  /// Calls that began and calls that ended; odd within one.
  private let changeCount = Atomic<Int>(0)
  /// The address of the name of the last call.
  private let name = Atomic<UInt>(0)

  /// Watches the calls of a rank, and tells of one that takes so many seconds, until this object is gone.
  init(rank: Int, seconds: Double) {
    Thread.detachNewThread { [weak self] in
      var (seen, notice) = (0, WaitNotice(afterSeconds: seconds))
      while true {
        Thread.sleep(forTimeInterval: min(seconds / 4, 1))
        guard let self else { return }
        let now = changeCount.load(ordering: .acquiring)
        if now != seen { (seen, notice) = (now, WaitNotice(afterSeconds: seconds)) }
        guard !now.isMultiple(of: 2), let name = UnsafePointer<CChar>(bitPattern: name.load(ordering: .relaxed)) else {
          continue
        }
        notice.tell(rank: rank, waitsFor: "other ranks in \(String(cString: name))")
      }
    }
  }

  /// Makes a call that returns when other ranks have made theirs. One thread of a rank is in such a call at a time.
  func during<Result>(_ call: StaticString, _ body: () throws -> Result) rethrows -> Result {
    name.store(UInt(bitPattern: call.utf8Start), ordering: .relaxed)
    changeCount.add(1, ordering: .releasing)
    defer { changeCount.add(1, ordering: .releasing) }
    return try body()
  }
}
