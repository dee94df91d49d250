/// The exchanges of one rank, in the order in which all ranks make them.
///
/// Four cursors walk over the steps of all exchanges: one announces them, one reduces, one takes what was combined between
/// nodes, one completes. Each goes as far as it can without waiting whenever the rank calls; the rank that is ahead
/// leaves the rest for its next call.
final class ExchangeQueue {
  private let window: NodeWindow
  private let network: NodeNetwork
  private let isOversubscribed: Bool
  /// The seconds after which a rank says whom it waits for; doubled each time.
  private let stallSeconds: Double
  private let operations = OperationsUnderWay.ofThread

  /// Those that are not complete, oldest first.
  private var exchanges: [any NodeExchange] = []
  private var announcing = ExchangeCursor()
  private var reducing = ExchangeCursor()
  private var combining = ExchangeCursor()
  private var completing = ExchangeCursor()
  /// What the lane does for the steps between ``combining`` and ``reducing``; nil where this rank has no slice.
  private var underWay: [DirectExchange?] = []
  /// The steps of all exchanges so far.
  private var stepCount: UInt64 = 0
  private var failure: (any Error)? {
    didSet { operations.remove(self) }
  }
  /// What is under way beside the window and proceeds only when it is tested.
  private var outside: [any PendingOperation] = []

  init(_ window: NodeWindow, _ network: NodeNetwork, stallSeconds: Double) throws {
    self.window = window
    self.network = network
    self.stallSeconds = stallSeconds
    isOversubscribed = try network.node.isOversubscribed()
  }

  /// Makes an exchange, after all that were added. Throws as ``wait(for:)`` does.
  func run(_ exchange: some NodeExchange) throws {
    guard !network.hasSeveralNodes && exchanges.isEmpty && outside.isEmpty && exchange.stepCount == 1 else {
      return try wait(for: add(exchange))
    }
    if let failure { throw failure }
    // Nothing is under way: no need to put it into the queue. All cursors are at the same step.
    let step = announcing.step
    let call = exchange.call
    stepCount += 1
    announce(step, exchange)
    try wait(for: call, of: { reducing.peer }) { try allHaveAnnounced(call) }
    if exchange.hasReduction {
      exchange.reduce(step, in: window)
      window.announceResult(step.sequence)
      try wait(for: call, of: { completing.peer }) { allHaveResults() }
    }
    exchange.collect(step, in: window)
    completing.move(past: exchange)
    completing.exchange = 0
    announcing = completing
    reducing = completing
    combining = completing
  }

  /// Adds an exchange, lets all proceed without waiting, and returns the sequence number of the last step.
  ///
  /// Throws as ``advance()`` does.
  func add(_ exchange: some NodeExchange) throws -> UInt64 {
    if let failure { throw failure }
    exchanges.append(exchange)
    stepCount += UInt64(exchange.stepCount)
    operations.insert(self)
    try advance()
    return stepCount
  }

  /// Adds an operation that does not pass through the window, which then proceeds whenever the queue does.
  func add(outside operation: any PendingOperation) throws {
    if let failure { throw failure }
    if !(try operation.test()) { outside.append(operation) }
  }

  /// Returns once an operation of ``add(outside:)`` is complete. Throws its failure, and as ``advance()`` does.
  func wait(forOutside operation: any PendingOperation) throws {
    var patience = Patience(isOversubscribed: isOversubscribed)
    var notice: WaitNotice?
    while !exchanges.isEmpty {
      if try operation.test() { return }
      if try advance() { continue }
      operations.proceed(but: self)
      patience.rest(sleeping: false)
      guard patience.isLong else { continue }
      let (call, peer) = awaited
      if let peer, network.node.hasEnded(peer), try advance() { continue }
      try look(&notice, for: peer, call)
    }
    // Nobody waits for anything that this rank would have to do in the window.
    try operation.wait()
  }

  /// Announces that this rank makes no more exchanges, so that another that waits for one is told.
  func leave() {
    guard failure == nil && exchanges.isEmpty else { return }
    window.announce(announcing.step.sequence, CollectiveCall(.end, count: 0), location: 0)
  }

  func isComplete(_ sequence: UInt64) -> Bool { completing.step.sequence > sequence }

  /// Returns once a step is complete. Throws as ``advance()`` does, and a ``PeerFailure`` when a rank has died.
  func wait(for sequence: UInt64) throws {
    while !isComplete(sequence) {
      if try advance() { continue }
      try wait(for: awaited.call, of: { awaited.peer }) { try advance() }
    }
  }

  /// The call in which this rank cannot go on, and the rank of the node that it waits for; nil for the other nodes.
  private var awaited: (call: CollectiveCall, peer: Int?) {
    if completing.step.sequence < combining.step.sequence {
      return (exchanges[completing.exchange].call, completing.peer)
    }
    if combining.step.sequence < reducing.step.sequence { return (exchanges[combining.exchange].call, nil) }
    return (exchanges[reducing.exchange].call, reducing.peer)
  }

  /// Waits until `isDone`, which depends on what `peer` does in a call.
  private func wait(for call: CollectiveCall, of peer: () -> Int?, until isDone: () throws -> Bool) throws {
    var patience = Patience(isOversubscribed: isOversubscribed)
    var notice: WaitNotice?
    while try !isDone() {
      let hasOthers = !operations.isEmpty && operations.hasOthers(than: self)
      if hasOthers { operations.proceed(but: self) }
      patience.rest(sleeping: !hasOthers && outside.isEmpty && underWay.isEmpty)
      guard patience.isLong else { continue }
      let peer = peer()
      // What a rank has done before it ended, it may have done since this one last looked.
      if let peer, network.node.hasEnded(peer), try isDone() { return }
      try look(&notice, for: peer, call)
    }
  }

  /// Does everything that can be done without waiting, and returns whether that was anything.
  ///
  /// Throws a ``CollectiveError`` when ranks met in different calls. A failure is thrown by every later call, too.
  @discardableResult
  func advance() throws -> Bool {
    if let failure { throw failure }
    do { return try advanceWindow() } catch {
      failure = error
      throw error
    }
  }

  private func advanceWindow() throws -> Bool {
    advanceOutside()
    let start = progress
    var isMoving = true
    while isMoving {
      isMoving = false
      while announcing.exchange < exchanges.count && hasRoom {
        let exchange = exchanges[announcing.exchange]
        announce(announcing.step, exchange)
        announcing.move(past: exchange)
        isMoving = true
      }
      while reducing.step.sequence < announcing.step.sequence, try allHaveAnnounced(exchanges[reducing.exchange].call) {
        let exchange = exchanges[reducing.exchange]
        try reduce(reducing.step, exchange)
        reducing.move(past: exchange)
        isMoving = true
      }
      for operation in underWay.dropFirst() { _ = try operation?.test() }
      while combining.step.sequence < reducing.step.sequence, try underWay[0]?.test() ?? true {
        let exchange = exchanges[combining.exchange]
        if exchange.hasReduction {
          if underWay[0] != nil { exchange.spread(combining.step, in: window) }
          window.announceResult(combining.step.sequence)
        }
        underWay.removeFirst()
        combining.move(past: exchange)
        isMoving = true
      }
      while completing.step.sequence < combining.step.sequence,
        !exchanges[completing.exchange].hasReduction || allHaveResults()
      {
        let exchange = exchanges[completing.exchange]
        exchange.collect(completing.step, in: window)
        completing.move(past: exchange)
        isMoving = true
      }
    }
    removeComplete()
    return start != progress
  }

  /// How far the cursors are.
  private var progress: (UInt64, UInt64, UInt64, UInt64) {
    (announcing.step.sequence, reducing.step.sequence, combining.step.sequence, completing.step.sequence)
  }

  /// Whether the next step may be announced, as ``NodeWindow`` explains.
  private var hasRoom: Bool {
    announcing.step.sequence < completing.step.sequence + UInt64(NodeWindow.stepsInFlight)
      && (!exchanges[announcing.exchange].usesSlots
        || announcing.step.slot < completing.step.slot + NodeWindow.slotsInFlight)
  }

  private func announce(_ step: ExchangeStep, _ exchange: some NodeExchange) {
    exchange.stage(step, in: window)
    window.announce(step.sequence, exchange.call, location: exchange.location)
  }

  /// Reduces this rank's slice and starts what follows between nodes.
  private func reduce(_ step: ExchangeStep, _ exchange: some NodeExchange) throws {
    exchange.reduce(step, in: window)
    underWay.append(try exchange.startBetweenNodes(step, in: window, network))
  }

  private func allHaveAnnounced(_ call: CollectiveCall) throws -> Bool {
    let sequence = reducing.step.sequence
    while reducing.peer < window.size {
      guard window.hasAnnounced(reducing.peer, sequence) else { return false }
      guard window.isAnnounced(reducing.peer, sequence, as: call) else { throw mismatch(reducing.peer, sequence, call) }
      reducing.peer += 1
    }
    return true
  }

  private func allHaveResults() -> Bool {
    while completing.peer < window.size {
      guard window.hasResult(completing.peer, completing.step.sequence) else { return false }
      completing.peer += 1
    }
    return true
  }

  /// An operation that fails remembers its failure, which its owner gets.
  private func advanceOutside() {
    outside.removeAll { operation in
      switch Result(catching: { try operation.test() }) {
      case .success(let isComplete): isComplete
      case .failure: true
      }
    }
  }

  private func removeComplete() {
    let count = completing.exchange
    guard count > 0 else { return }
    exchanges.removeFirst(count)
    if exchanges.isEmpty { operations.remove(self) }
    announcing.exchange -= count
    reducing.exchange -= count
    combining.exchange -= count
    completing.exchange -= count
  }

  private func mismatch(_ peer: Int, _ sequence: UInt64, _ call: CollectiveCall) -> any Error {
    let other = window.call(of: peer, sequence)
    let error =
      other?.kind == .end
      ? CollectiveError.rankLeft(rank: window.names[peer], call: call.description)
      : .mismatchedCalls(by: (window.names[window.rank], call), and: (window.names[peer], other))
    failure = error
    return error
  }

  /// Makes sure that the rank which is waited for lives, and tells who it is after some seconds.
  private func look(_ notice: inout WaitNotice?, for peer: Int?, _ call: CollectiveCall) throws {
    do {
      if let peer { try network.node.checkIsAlive(peer, named: window.names[peer], call: call) }
    } catch {
      failure = error
      throw error
    }
    var current = notice ?? WaitNotice(afterSeconds: stallSeconds)
    current.tell(
      rank: window.names[window.rank],
      waitsFor: "\(peer.map { "rank \(window.names[$0])" } ?? awaitedOnOtherNodes) in \(call)")
    notice = current
  }

  /// Whom the lane waits for, where this rank waits for other nodes.
  private var awaitedOnOtherNodes: String {
    underWay.first.flatMap { $0 }?.awaited(network.name) ?? "other nodes"
  }
}

extension ExchangeQueue: OperationsUnderWay.Source {
  /// A failure is thrown by every later call.
  func proceed() { _ = Result { try advance() } }
}
