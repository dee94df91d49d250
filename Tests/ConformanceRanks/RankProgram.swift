import Collective
import Foundation
import TestSupport

/// What a rank does under `mpirun`.
enum RankProgram: String {
  case conformance
  case shortMessages = "short-messages"
  case sharedConformance = "shared-conformance"
  case smallSlots = "small-slots"
  case madeUpNodes = "made-up-nodes"
  case unequalNodes = "unequal-nodes"
  case sharing
  case stallsShared = "stalls-shared"
  case stallsOnNodes = "stalls-on-nodes"
  case stallsInMPI = "stalls-in-mpi"
  case stallsInHalves = "stalls-in-16-bits"
  case crossedNodes = "crossed-nodes"
  case isKilledShared = "is-killed-shared"
  case differentCallsShared = "different-calls-shared"
  case differentCallsOnNodes = "different-calls-on-nodes"
  case emptyCallShared = "empty-call-shared"
  case leavesEarlyShared = "leaves-early-shared"
  case describe
  case `throws`
  case throwsAlike = "throws-alike"
  case trapsAlike = "traps-alike"
  case endsLate = "ends-late"
  case aborts
  case isKilled = "is-killed"
  case failsInMPI = "fails-in-mpi"
  case sendsLess = "sends-less"
  case sendsMore = "sends-more"
  case gathersMore = "gathers-more"
  case exchangesMore = "exchanges-more"
  case failsInAgreement = "fails-in-agreement"
  case differs

  init(named name: String) throws {
    guard let program = RankProgram(rawValue: name) else {
      throw ConformanceFailure(description: "no program \(name)")
    }
    self = program
  }

  /// The ranks that were launched; for `shortMessages` and `smallSlots`, most counts take several messages. Nodes that
  /// are made up have two ranks each, or one rank and the rest.
  func makeCommunicator() throws -> any Communicator {
    #if canImport(CMPI)
      if let launch = try LaunchEnvironment(ProcessInfo.processInfo.environment), let size = launch.size {
        switch self {
        case .shortMessages: return try MPICommunicator(launch, messageCapacity: 333)
        case .madeUpNodes:
          return try SharedCommunicator(
            MPICommunicator(launch, messageCapacity: 1 << 28, nodes: (0..<size).map { $0 / 2 }))
        case .unequalNodes, .differentCallsOnNodes:
          let ranks = try MPICommunicator(launch, messageCapacity: 1 << 28, nodes: (0..<size).map { min($0, 1) })
          return try SharedCommunicator(ranks, slotByteCount: 8 << 10)
        case .crossedNodes:
          let nodes = (0..<size).map { min($0, size - 1 - $0) }
          return try SharedCommunicator(MPICommunicator(launch, messageCapacity: 1 << 28, nodes: nodes))
        case .stallsInMPI, .endsLate: return try MPICommunicator(launch, messageCapacity: 1 << 28, stallSeconds: 0.2)
        case .stallsOnNodes:
          let ranks = try MPICommunicator(
            launch, messageCapacity: 1 << 28, nodes: (0..<size).map { $0 / 2 }, stallSeconds: 1)
          return try SharedCommunicator(ranks, stallSeconds: 1)
        default: break
        }
      }
    #endif
    let communicator = try launchedCommunicator()
    guard let provider = communicator as? any SharedMemoryProvider else { return communicator }
    switch self {
    case .sharedConformance, .isKilledShared, .differentCallsShared, .emptyCallShared, .leavesEarlyShared:
      return try SharedCommunicator(provider)
    case .smallSlots: return try SharedCommunicator(provider, slotByteCount: 333)
    case .stallsShared: return try SharedCommunicator(provider, stallSeconds: 0.2)
    default: return communicator
    }
  }

  func run(_ communicator: any Communicator) throws {
    switch self {
    case .conformance, .shortMessages, .sharedConformance, .smallSlots, .madeUpNodes, .unequalNodes:
      try Self.checkConformance(communicator)
    case .describe: Self.describe(communicator.launch)
    case .throws: try Self.failAlone(communicator) { throw ConformanceFailure(description: "thrown on purpose") }
    case .throwsAlike: throw ConformanceFailure(description: "thrown by all")
    case .trapsAlike:
      // As a program that is asked to end by a signal, which `mpirun` sends after the first rank's trap.
      signal(SIGTERM) { _ in }
      _ = ShardCut(count: 3, size: 2).range(of: 7)
    case .endsLate: if communicator.rank > 0 { Thread.sleep(forTimeInterval: 1.5) }
    case .aborts: try Self.failAlone(communicator) { communicator.abort(3) }
    case .sharing: try Self.share(communicator)
    case .stallsShared, .stallsInMPI: try Self.stall(communicator)
    case .stallsInHalves: try Self.stallInHalves(communicator)
    case .crossedNodes: try Self.sumInParts(communicator)
    case .stallsOnNodes:
      // Six ranks take turns on few cores: what they wait for each other otherwise is to stay below a second.
      try Self.stall(communicator, seconds: 4)
      if communicator.rank == 1 { Thread.sleep(forTimeInterval: 4) }
      try communicator.barrier()
    case .isKilledShared: try Self.failDuringAllReduces(communicator) { kill(getpid(), SIGKILL) }
    case .differentCallsShared, .differentCallsOnNodes: try Self.callDifferently(communicator, count: 9)
    case .emptyCallShared: try Self.callDifferently(communicator, count: 0)
    case .leavesEarlyShared: if communicator.rank != 1 { try communicator.barrier() }
    case .isKilled: try Self.failAlone(communicator) { kill(getpid(), SIGKILL) }
    case .failsInMPI: try Self.failInMPI(communicator)
    case .sendsLess: try Self.send(5, receiving: 10, communicator)
    case .sendsMore: try Self.send(10, receiving: 5, communicator)
    case .gathersMore: try Self.bringMore(communicator) { try communicator.gather($0, into: $1, at: 0) }
    case .exchangesMore:
      let others = [Int](repeating: 0, count: communicator.size - 1)
      try Self.bringMore(communicator) { part, all in
        let incoming = [Int](repeating: all.count / communicator.size, count: communicator.size)
        try communicator.allToAll(part, counts: [part.count] + others, into: all, counts: incoming)
      }
    case .failsInAgreement: try Self.failInAgreement(communicator)
    case .differs: try communicator.verifySame("seed: \(communicator.rank)", what: "the configuration")
    }
  }

  static func report(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
  }

  /// Runs every check; rank 0 prints the name of each once all ranks have passed it.
  private static func checkConformance(_ communicator: any Communicator) throws {
    for check in CollectiveConformance.checks {
      do {
        try check.run(communicator)
      } catch {
        throw ConformanceFailure(description: "\(check.name): \(error)")
      }
      try communicator.barrier()
      if communicator.rank == 0 { print("passed: \(check.name)") }
    }
  }

  private static func describe(_ launch: LaunchDescription) {
    print(
      "rank \(launch.rank) of \(launch.size), \(launch.localRank) of \(launch.localSize) on \(launch.processorName),",
      "\(launch.launcher ?? "no launcher"), \(launch.mpiLibrary ?? "no MPI")")
  }

  /// The last rank fails while the others wait for it.
  private static func failAlone(_ communicator: any Communicator, _ fail: () throws -> Void) throws {
    try communicator.barrier()
    if communicator.rank == communicator.size - 1 { try fail() }
    try communicator.barrier()
  }

  /// Shares memory where that is possible, says what became of it, and combines.
  private static func share(_ communicator: any Communicator) throws {
    let shared = try communicator.sharingMemory { report("note: \($0)") }
    try shared.makeBuffer(byteCount: 1 << 20).withElements(of: Float.self) { buffer in
      buffer.update(repeating: Float(shared.rank + 1))
      try shared.allReduce(buffer, .sum)
      let sum = Float(shared.size * (shared.size + 1) / 2)
      guard buffer.allSatisfy({ $0 == sum }) else { throw ConformanceFailure(description: "a sum is not \(sum)") }
      if shared.rank == 0 { print(shared.allReduceAlgorithm(for: buffer)) }
    }
  }

  /// The last rank comes late to an all-reduce.
  private static func stall(_ communicator: any Communicator, seconds: Double = 1.5) throws {
    if communicator.rank == communicator.size - 1 { Thread.sleep(forTimeInterval: seconds) }
    _ = try communicator.allReduced(Float(1), .sum)
  }

  /// The last rank comes late to a sum in 16 bits.
  private static func stallInHalves(_ communicator: any Communicator) throws {
    let halves = try HalfPrecisionCommunicator(communicator, .bfloat16)
    if communicator.rank == communicator.size - 1 { Thread.sleep(forTimeInterval: 8) }
    var values = [Float](repeating: 1, count: 64)
    try halves.allReduce(&values, .sum)
    // The group below is left by the program.
    try communicator.barrier()
  }

  /// Sums have the same bits whatever calls they are cut into, and whoever then adds them up.
  private static func sumInParts(_ communicator: any Communicator) throws {
    let numbers = (0..<200_000).map { (index: Int) -> Float in Float(sin(Double(communicator.rank * 200_000 + index))) }
    var (whole, parts) = (numbers, numbers)
    try communicator.allReduce(&whole, .sum)
    for start in stride(from: 0, to: numbers.count, by: 10_000) {
      var part = Array(parts[start..<start + 10_000])
      try communicator.allReduce(&part, .sum)
      parts.replaceSubrange(start..<start + 10_000, with: part)
    }
    guard whole == parts else { throw ConformanceFailure(description: "sums of parts have other bits") }
  }

  /// The last rank fails after some all-reduces, with one started, while the others go on.
  private static func failDuringAllReduces(_ communicator: any Communicator, _ fail: () -> Void) throws {
    try communicator.makeBuffer(byteCount: 1 << 20).withElements(of: Float.self) { buffer in
      for _ in 0..<10 { try communicator.allReduce(buffer, .sum) }
      let operation = try communicator.startAllReduce(buffer, .sum)
      if communicator.rank == communicator.size - 1 { fail() }
      try operation.wait()
      try communicator.allReduce(buffer, .sum)
    }
  }

  /// Rank 1 brings fewer elements than the others.
  private static func callDifferently(_ communicator: any Communicator, count: Int) throws {
    var values = [Float](repeating: 0, count: communicator.rank == 1 ? count : 10)
    try communicator.allReduce(&values, .sum)
  }

  /// Every rank but the first fails; the lowest of them is late with its message.
  private static func failInAgreement(_ communicator: any Communicator) throws {
    do {
      try communicator.agree(on: "reading the data set") {
        if communicator.rank > 0 { throw ConformanceFailure(description: "no data") }
      }
    } catch {
      if communicator.rank == 1 { Thread.sleep(forTimeInterval: 0.5) }
      throw error
    }
  }

  /// Rank 1 receives another number of elements than rank 0 sends.
  private static func send(_ sent: Int, receiving received: Int, _ communicator: any Communicator) throws {
    var values = [Float](repeating: 0, count: communicator.rank == 0 ? sent : received)
    if communicator.rank == 0 {
      try communicator.send(values, to: 1, tag: 3)
    } else {
      try communicator.receive(&values, from: 0, tag: 3)
    }
    try communicator.barrier()
  }

  /// Rank 0 has room for one element of every rank, of which the others bring two each.
  private static func bringMore(
    _ communicator: any Communicator,
    _ gather: (_ part: UnsafeBufferPointer<Float>, _ all: UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws {
    let isFirst = communicator.rank == 0
    var all = [Float](repeating: 0, count: isFirst ? communicator.size : 0)
    try [Float](repeating: 1, count: isFirst ? 1 : 2).withUnsafeBufferPointer { part in
      try all.withUnsafeMutableBufferPointer { try gather(part, $0) }
    }
    try communicator.barrier()
  }

  /// Rank 1 expects fewer elements than rank 0 broadcasts, which MPI refuses.
  private static func failInMPI(_ communicator: any Communicator) throws {
    var values = [Float](repeating: 0, count: communicator.rank == 0 ? 10 : 5)
    try values.withUnsafeMutableBufferPointer { try communicator.broadcast($0, from: 0) }
    try communicator.barrier()
  }
}
