import Foundation

/// Batches that a background thread makes before they are asked for.
///
/// The thread belongs to this object: it ends after the last batch, or when the object is released, which waits for the
/// batch in the making. At most `ahead` batches are made and not yet taken. An error takes the place of one batch.
final class Prefetch<Producer: BatchProducer> {
  private let queue: Queue
  /// How many batches were taken.
  private(set) var takenCount = 0

  /// Starts making batches.
  init(_ producer: Producer, ahead: Int) {
    precondition(ahead > 0, "\(ahead) batches to prefetch")
    queue = Queue(producer, capacity: ahead)
    let thread = Thread { [queue] in queue.run() }
    thread.name = "prefetch"
    thread.start()
  }

  deinit { queue.cancel() }

  /// The next batch, or nil after the last.
  /// - Throws: What the producer threw in its place.
  func next() throws -> Batch? {
    takenCount += 1
    return try queue.take()
  }

  /// What the two threads share.
  ///
  /// Its variables are touched with `condition` locked only. A tensor is not `Sendable`, but these belong to no graph,
  /// and a batch is let go by the thread that made it when it enters `ready`: it has one owner at any time.
  private final class Queue: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    private var producer: Producer?
    private var ready: [Result<Batch?, any Error>] = []
    private var isCancelled = false
    private var isRunning = true

    init(_ producer: Producer, capacity: Int) {
      self.producer = producer
      self.capacity = capacity
    }

    /// What the background thread does.
    func run() {
      produce()
      condition.withLock {
        isRunning = false
        condition.broadcast()
      }
    }

    private func produce() {
      guard var producer = condition.withLock({ producer.take() }) else { return }
      while waitForRoom() {
        if deliver(Result { try producer.next() }) { return }
      }
    }

    /// Hands a batch over, and returns whether it was the end.
    private func deliver(_ result: consuming Result<Batch?, any Error>) -> Bool {
      condition.lock()
      defer { condition.unlock() }
      ready.append(result)
      condition.broadcast()
      if case .success(nil)? = ready.last { return true }
      return false
    }

    /// Returns whether another batch is wanted, as soon as there is room for it.
    private func waitForRoom() -> Bool {
      condition.withLock {
        while ready.count >= capacity && !isCancelled { condition.wait() }
        return !isCancelled
      }
    }

    func take() throws -> Batch? {
      try condition.withLock {
        while ready.isEmpty && isRunning { condition.wait() }
        guard !ready.isEmpty else { return nil }
        condition.broadcast()
        return try ready.removeFirst().get()
      }
    }

    func cancel() {
      condition.withLock {
        isCancelled = true
        condition.broadcast()
        while isRunning { condition.wait() }
        ready = []
      }
    }
  }
}
