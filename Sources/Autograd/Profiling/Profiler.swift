import Foundation
import Synchronization

/// Records when the parts of training steps and the operators in them begin and end, on the thread that asks for it.
///
///     let profiler = Profiler()
///     try profiler.record { try profiled(.step) { try replica.step(batch) } }
///     for event in profiler.events { … }
///
/// While no thread records, an operator pays for one load of a counter.
package final class Profiler {
  /// What was recorded, in order of beginning: what encloses others comes before them.
  package private(set) var events: [ProfileEvent] = []
  /// Events that have begun and not ended.
  private var depth = 0
  private var isInOperator = false

  private static let recordingThreads = Atomic<Int>(0)

  /// Whether this thread records.
  package static var isActive: Bool { current != nil }

  /// Whether any thread records.
  static var isRecording: Bool { recordingThreads.load(ordering: .relaxed) != 0 }

  /// The profiler of this thread, if it records.
  static var current: Profiler? { isRecording ? ThreadState.current.profiler : nil }

  /// A profiler without events.
  package init() {}

  /// Records what this thread does in `body`.
  package func record<R>(_ body: () throws -> R) rethrows -> R {
    let state = ThreadState.current
    precondition(state.profiler == nil, "this thread is being profiled already")
    state.profiler = self
    Self.recordingThreads.add(1, ordering: .relaxed)
    defer {
      Self.recordingThreads.subtract(1, ordering: .relaxed)
      state.profiler = nil
    }
    return try body()
  }

  /// Forgets what was recorded; its memory is kept for what comes.
  package func removeAll() {
    precondition(depth == 0, "\(depth) event(s) that are being recorded cannot be forgotten")
    events.removeAll(keepingCapacity: true)
  }

  fileprivate func measure<R>(_ part: StepPart, _ body: () throws -> R) rethrows -> R {
    let index = begin(.part(part))
    defer { end(index) }
    return try body()
  }

  /// Records an operator; those that it is made of count as itself.
  func measure<R>(_ work: @autoclosure () -> OperatorWork, _ body: () -> R) -> R {
    guard !isInOperator else { return body() }
    isInOperator = true
    defer { isInOperator = false }
    let index = begin(.work(work()))
    let result = body()
    end(index)
    // How a GPU keeps the result, and in how many bytes, is known by now.
    events[index].kind = .work(work())
    return result
  }

  /// The same for an operator that gives nil where it cannot be had: that is not recorded.
  func measureIfDone<R>(_ work: @autoclosure () -> OperatorWork, _ body: () -> R?) -> R? {
    guard !isInOperator else { return body() }
    let result = measure(work(), body)
    if result == nil { events.removeLast() }
    return result
  }

  /// The same for an operator that tells how many floating-point operations it made.
  func measureCounting(_ work: OperatorWork, _ body: () -> Int) -> Int {
    let index = events.count
    let flops = measure(work, body)
    if !isInOperator {
      var work = work
      work.flops = flops
      events[index].kind = .work(work)
    }
    return flops
  }

  private func begin(_ kind: ProfileEvent.Kind) -> Int {
    events.append(ProfileEvent(kind: kind, depth: depth))
    depth += 1
    let index = events.count - 1
    events[index].start = Self.now()
    return index
  }

  private func end(_ index: Int) {
    events[index].end = Self.now()
    depth -= 1
  }

  /// Nanoseconds of a clock that only goes forward.
  package static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}

/// Runs `body` as a part of a training step, which a ``Profiler`` of this thread records.
package func profiled<R>(_ part: StepPart, _ body: () throws -> R) rethrows -> R {
  guard let profiler = Profiler.current else { return try body() }
  return try profiler.measure(part, body)
}
