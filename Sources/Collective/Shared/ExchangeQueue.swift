import Foundation

/// The exchanges of one rank, in the order in which all ranks make them.
///
/// Three cursors walk over the steps of all exchanges: one announces them, one reduces, one completes. Each goes as far
/// as it can without waiting whenever the rank calls; the rank that is ahead leaves the rest for its next call.
final class ExchangeQueue {
  private struct Cursor {
    /// The exchange, as an index into ``exchanges``.
    var exchange = 0
    var step = ExchangeStep()
    /// The ranks below this one were seen to have done their part of the step.
    var peer = 0
  }

  private let window: NodeWindow
  private let provider: any SharedMemoryProvider
  private let isOversubscribed: Bool
  /// The seconds after which a rank says whom it waits for; doubled each time.
  private let stallSeconds: Double

  /// Those that are not complete, oldest first.
  private var exchanges: [any NodeExchange] = []
  private var announcing = Cursor()
  private var reducing = Cursor()
  private var completing = Cursor()
  /// The steps of all exchanges so far.
  private var stepCount: UInt64 = 0
  private var failure: (any Error)?

  init(_ window: NodeWindow, _ provider: any SharedMemoryProvider, stallSeconds: Double) throws {
    self.window = window
    self.provider = provider
    self.stallSeconds = stallSeconds
    isOversubscribed = try provider.isOversubscribed()
  }

  /// Adds an exchange, lets all proceed without waiting, and returns the sequence number of the last step.
  ///
  /// Throws as ``advance()`` does.
  func add(_ exchange: some NodeExchange) throws -> UInt64 {
    exchanges.append(exchange)
    stepCount += UInt64(exchange.stepCount)
    try advance()
    return stepCount
  }

  func isComplete(_ sequence: UInt64) -> Bool { completing.step.sequence > sequence }

  /// Returns once a step is complete. Throws as ``advance()`` does, and a ``PeerFailure`` when a rank has died.
  func wait(for sequence: UInt64) throws {
    var patience = Patience(isOversubscribed: isOversubscribed)
    var stall: Stall?
    while !isComplete(sequence) {
      if try advance() {
        patience = Patience(isOversubscribed: isOversubscribed)
        stall = nil
      } else {
        patience.rest()
        if patience.isLong { try look(&stall) }
      }
    }
  }

  /// Does everything that can be done without waiting, and returns whether that was anything.
  ///
  /// Throws a ``CollectiveError`` when ranks met in different calls. A failure is thrown by every later call, too.
  @discardableResult
  func advance() throws -> Bool {
    if let failure { throw failure }
    let start = (announcing.step.sequence, reducing.step.sequence, completing.step.sequence)
    var isMoving = true
    while isMoving {
      isMoving = false
      while announcing.exchange < exchanges.count && hasRoom {
        let exchange = exchanges[announcing.exchange]
        exchange.stage(announcing.step, in: window)
        window.announce(announcing.step.sequence, exchange.call, location: exchange.location)
        move(&announcing)
        isMoving = true
      }
      while reducing.step.sequence < announcing.step.sequence, try allHaveAnnounced() {
        let exchange = exchanges[reducing.exchange]
        if exchange.hasReduction {
          exchange.reduce(reducing.step, in: window)
          window.announceResult(reducing.step.sequence)
        }
        move(&reducing)
        isMoving = true
      }
      while completing.step.sequence < reducing.step.sequence, allHaveResults() {
        exchanges[completing.exchange].collect(completing.step, in: window)
        move(&completing)
        isMoving = true
      }
    }
    removeComplete()
    return start != (announcing.step.sequence, reducing.step.sequence, completing.step.sequence)
  }

  /// Whether the next step may be announced, as ``NodeWindow`` explains.
  private var hasRoom: Bool {
    announcing.step.sequence < completing.step.sequence + UInt64(NodeWindow.stepsInFlight)
      && (!exchanges[announcing.exchange].usesSlots
        || announcing.step.slot < completing.step.slot + NodeWindow.slotsInFlight)
  }

  private func allHaveAnnounced() throws -> Bool {
    let sequence = reducing.step.sequence
    let call = exchanges[reducing.exchange].call
    while reducing.peer < window.size {
      guard window.hasAnnounced(reducing.peer, sequence) else { return false }
      guard window.isAnnounced(reducing.peer, sequence, as: call) else { throw mismatch(reducing.peer, sequence, call) }
      reducing.peer += 1
    }
    return true
  }

  private func allHaveResults() -> Bool {
    guard exchanges[completing.exchange].hasReduction else { return true }
    while completing.peer < window.size {
      guard window.hasResult(completing.peer, completing.step.sequence) else { return false }
      completing.peer += 1
    }
    return true
  }

  private func move(_ cursor: inout Cursor) {
    let exchange = exchanges[cursor.exchange]
    cursor.peer = 0
    cursor.step.sequence += 1
    if exchange.usesSlots { cursor.step.slot += 1 }
    cursor.step.index += 1
    if cursor.step.index == exchange.stepCount {
      cursor.step.index = 0
      cursor.exchange += 1
    }
  }

  private func removeComplete() {
    let count = completing.exchange
    guard count > 0 else { return }
    exchanges.removeFirst(count)
    announcing.exchange -= count
    reducing.exchange -= count
    completing.exchange -= count
  }

  private func mismatch(_ peer: Int, _ sequence: UInt64, _ call: CollectiveCall) -> any Error {
    let other = window.call(of: peer, sequence)?.description ?? "something unknown"
    let (first, second) = window.rank < peer ? (window.rank, peer) : (peer, window.rank)
    let error = CollectiveError.mismatchedCalls(
      rank: first, call: first == peer ? other : call.description, otherRank: second,
      otherCall: second == peer ? other : call.description)
    failure = error
    return error
  }

  /// How long this rank has waited, and when it says so.
  private struct Stall {
    let start = ContinuousClock.now
    var nextNotice: Double
  }

  /// Makes sure that the rank which is waited for lives, and tells who it is after some seconds.
  private func look(_ stall: inout Stall?) throws {
    let cursor = completing.step.sequence < reducing.step.sequence ? completing : reducing
    let call = exchanges[cursor.exchange].call
    do {
      try provider.checkIsAlive(cursor.peer, call: call)
    } catch {
      failure = error
      throw error
    }
    var current = stall ?? Stall(nextNotice: stallSeconds)
    let seconds = (ContinuousClock.now - current.start) / .seconds(1)
    if seconds >= current.nextNotice {
      current.nextNotice *= 2
      let text = "rank \(window.rank) has waited \(Int(seconds)) s for rank \(cursor.peer) in \(call)\n"
      FileHandle.standardError.write(Data(text.utf8))
    }
    stall = current
  }
}
