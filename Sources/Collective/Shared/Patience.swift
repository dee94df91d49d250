import CSharedMemory
import Foundation

/// How a rank waits for others: first at full speed, then leaving the core to whoever needs it, then asleep.
///
/// Where ranks outnumber the cores, the rank that is waited for may need this very core: then nobody spins.
struct Patience {
  /// Rounds to wait at full speed, together some milliseconds: longer than the system lets another process have a core.
  static let spinRounds = 100_000
  /// Rounds after those that leave the core to others, together some milliseconds again.
  static let yieldRounds = 10_000
  private static let longestSleep: UInt32 = 1000

  private let spins: Int
  private var rounds = 0
  private var sleep: UInt32 = 20

  init(isOversubscribed: Bool) { spins = isOversubscribed ? 0 : Self.spinRounds }

  /// Whether it sleeps already.
  var isLong: Bool { rounds > spins + Self.yieldRounds }

  /// Waits a little; `sleeping` is false where work of this rank goes on only while it is looked at.
  mutating func rest(sleeping: Bool) {
    rounds += 1
    if rounds <= spins {
      csm_pause()
    } else if !isLong || !sleeping {
      sched_yield()
    } else {
      usleep(sleep)
      sleep = min(2 * sleep, Self.longestSleep)
    }
  }
}

extension Communicator {
  /// Whether ranks outnumber the processors that they may run on together. All ranks share a node. Collective.
  func outnumbersProcessors() throws -> Bool {
    var words = [UInt64](repeating: 0, count: Int(CSM_PROCESSOR_WORDS))
    csm_allowed_processors(&words)
    var processors = words.flatMap { word in (0..<64).map { UInt8((word >> $0) & 1) } }
    try allReduce(&processors, .maximum)
    let count = processors.reduce(0) { $0 + Int($1) }
    return size > (count > 0 ? count : ProcessInfo.processInfo.activeProcessorCount)
  }
}
