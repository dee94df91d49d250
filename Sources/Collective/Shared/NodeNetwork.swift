/// The nodes of a group, and how their ranks meet between them.
///
/// The ranks of equal place on their nodes form a lane: one rank of every node. There are as many lanes as the smallest
/// node has ranks. Where a buffer is combined between nodes it is cut into slices, and each lane combines one; what is
/// cut into one slice is combined by the first ranks of the nodes alone.
final class NodeNetwork {
  /// The ranks of this rank's node.
  let node: any SharedMemoryProvider
  /// The ranks of the whole group that are on this node, in the order of the node.
  let ranks: [Int]
  /// The number of nodes.
  let nodeCount: Int
  /// The number of lanes; 0 where all ranks share one node.
  let laneCount: Int
  /// The most ranks on a node.
  let largestNode: Int
  /// Whether every node has the same number of consecutive ranks.
  let isRegular: Bool
  /// This rank's lane; nil on a rank beyond the lanes, and on one node.
  private let lane: (any Communicator)?
  /// The ranks of the whole group that are in the lane.
  private let laneRanks: [Int]
  /// The names of the machines that they are on.
  private let laneMachines: [String]
  /// The operations that the lane has started.
  private var operationCount = 0

  /// Collective.
  init(_ group: any SharedMemoryProvider) throws {
    var sizes = [Int64(group.localSize), -Int64(group.localSize)]
    try group.allReduce(&sizes, .minimum)
    largestNode = -Int(sizes[1])
    node = group.localSize == group.size ? group : try group.nodeGroup()
    ranks = try node.gathered(Int64(group.rank)).map(Int.init)
    if group.localSize == group.size {
      (lane, laneCount) = (nil, 0)
    } else {
      laneCount = Int(sizes[0])
      // Nodes have the same order in all lanes, so that it does not matter which of these adds up an element.
      lane = try group.split(color: group.localRank < laneCount ? group.localRank : nil, key: ranks[0])
    }
    nodeCount = Int(try group.allReduced(group.localRank == 0 ? Int32(1) : 0, .sum))
    laneRanks = try lane?.gathered(Int64(group.rank)).map(Int.init) ?? []
    laneMachines = try lane?.gathered(group.launch.processorName) ?? []
    let isRegularHere =
      node.size == largestNode && ranks.first?.isMultiple(of: node.size) == true
      && zip(ranks, ranks.dropFirst()).allSatisfy { $0 + 1 == $1 }
    isRegular = try group.allReduced(isRegularHere ? 1 : 0, .minimum) == Int64(1)
  }

  /// Whether nodes and lanes together combine along the binary tree of the whole group's ranks: each node is a branch.
  var followsBinaryTree: Bool { !hasSeveralNodes || isRegular && node.size.nonzeroBitCount == 1 }

  /// Whether there is more than one node.
  var hasSeveralNodes: Bool { nodeCount > 1 }

  /// Does work of the node that may be refused there, and throws the ``SharedMemoryRefusal`` of one node on all.
  func refusingTogether<Value>(_ group: any Communicator, _ work: () throws -> Value) throws -> Value {
    guard hasSeveralNodes else { return try work() }
    let outcome = Result(catching: work)
    var reason: String?
    if case .failure(let error) = outcome, let refusal = error as? SharedMemoryRefusal { reason = refusal.reason }
    try group.refuse(agreeing: reason)
    return try outcome.get()
  }

  /// Starts to combine a slice over this rank's lane.
  func startAllReduce(_ slice: UnsafeMutableRawBufferPointer, _ call: CollectiveCall) throws -> DirectExchange {
    try startInLane { try DirectExchange(allReducing: slice, call, $0, named: laneRanks, number: $1) }
  }

  /// Starts to scatter or gather parts over this rank's lane.
  func startExchange(_ data: DirectExchange.Data, _ call: CollectiveCall) throws -> DirectExchange {
    try startInLane { try DirectExchange(data, call, $0, named: laneRanks, number: $1) }
  }

  private func startInLane(
    _ start: (_ lane: any Communicator, _ number: Int) throws -> DirectExchange
  ) throws -> DirectExchange {
    guard let lane else { preconditionFailure("rank \(node.rank) of its node has a slice, but no lane") }
    operationCount += 1
    return try start(lane, operationCount)
  }

  /// What the ranks of the lane are called where they are waited for.
  func name(inLane place: Int) -> String { "rank \(laneRanks[place]) on \(laneMachines[place])" }

  /// Leaves the groups of node and lane.
  func finalize() throws {
    guard hasSeveralNodes else { return }
    try lane?.finalize()
    try node.finalize()
  }
}

extension Communicator {
  /// Every rank's text, cut after 64 bytes, in the order of the ranks. Collective.
  fileprivate func gathered(_ text: String) throws -> [String] {
    let length = 64
    var bytes = [UInt8](repeating: 0, count: size * length)
    for (index, byte) in text.utf8.prefix(length).enumerated() { bytes[rank * length + index] = byte }
    try allReduce(&bytes, .maximum)
    return (0..<size).map { rank in
      String(decoding: bytes[(rank * length)...].prefix(length).prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
