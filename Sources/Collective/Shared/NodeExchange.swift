/// One collective call as it passes through a ``NodeWindow``, in steps that each fit into a slot.
///
/// In every step each rank puts data into its slot and announces it. In the simplest exchanges a rank then takes what it
/// needs out of all slots. An exchange with a reduction has a phase between: when all have announced the step, every
/// rank reduces one slice of it, and takes what it needs when all have. On several nodes the slice is combined with those of
/// the other nodes in between.
protocol NodeExchange {
  var call: CollectiveCall { get }
  /// The number of steps, 1 or more.
  var stepCount: Int { get }
  /// Whether a step takes a slot of each rank.
  var usesSlots: Bool { get }
  var hasReduction: Bool { get }
  /// Where this rank's buffer lies, in exchanges without slots.
  var location: UInt64 { get }

  /// Puts this rank's data into its slot.
  func stage(_ step: ExchangeStep, in window: NodeWindow)
  /// Reduces this rank's slice; all ranks have staged their data.
  func reduce(_ step: ExchangeStep, in window: NodeWindow)
  /// Starts what follows between nodes, with this rank's reduced slice; nil on one node, and on a rank that has none.
  func startBetweenNodes(
    _ step: ExchangeStep, in window: NodeWindow, _ network: NodeNetwork
  ) throws -> DirectExchange?
  /// Gives what came from the other nodes to the other ranks of the node.
  func spread(_ step: ExchangeStep, in window: NodeWindow)
  /// Takes data from the slots; all ranks have staged, and reduced where there is a reduction.
  func collect(_ step: ExchangeStep, in window: NodeWindow)
}

/// A step of an exchange and its place in the window.
struct ExchangeStep {
  /// The step of its exchange, from 0.
  var index = 0
  /// The step among all of the group, from 1.
  var sequence: UInt64 = 1
  /// The slot, where it uses one.
  var slot = 0
}

extension NodeExchange {
  var usesSlots: Bool { true }
  var hasReduction: Bool { false }
  var location: UInt64 { 0 }
  func stage(_ step: ExchangeStep, in window: NodeWindow) {}
  func reduce(_ step: ExchangeStep, in window: NodeWindow) {}
  func startBetweenNodes(
    _ step: ExchangeStep, in window: NodeWindow, _ network: NodeNetwork
  ) throws -> DirectExchange? { nil }
  func spread(_ step: ExchangeStep, in window: NodeWindow) {}
  func collect(_ step: ExchangeStep, in window: NodeWindow) {}
}

/// A call without data: every rank announces that it is there.
struct EmptyExchange: NodeExchange {
  let call: CollectiveCall
  var stepCount: Int { 1 }
  var usesSlots: Bool { false }
}
