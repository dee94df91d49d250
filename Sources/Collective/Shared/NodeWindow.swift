import CSharedMemory

/// The memory in which the ranks of a node meet: for each rank a ring of headers, and a ring of slots for data.
///
/// Step k of a rank is announced in its header k mod ``headerCount``. A header has two cache lines, which only its rank
/// writes:
///
///     arrival line   sequence number | call | count | location of the buffer     "my data for step k is there"
///     result line    sequence number                                             "my slice of step k is reduced"
///
/// Sequence numbers only grow, so nothing is ever reset. A header or slot is written again only ``headerCount`` or
/// ``slotCount`` steps later. A rank announces step k only when it has completed step k − ``stepsInFlight``; having
/// completed that, it has seen all ranks announce it, who therefore have completed step k − 2·``stepsInFlight`` and no
/// longer look at what belongs to it. So rings of twice the steps in flight are enough, and there is no third flag.
final class NodeWindow {
  /// Steps that a rank may have announced and not completed.
  static let stepsInFlight = 32
  static let headerCount = 2 * stepsInFlight
  /// Those of them that may use slots.
  static let slotsInFlight = 4
  static let slotCount = 2 * slotsInFlight
  private static let line = 64
  private static let headerByteCount = 2 * line

  /// Place and number among the ranks of the node.
  let rank: Int
  let size: Int
  /// What the ranks of the node are called in messages: their ranks in the whole group.
  let names: [Int]
  /// The bytes of a slot, a multiple of a cache line for each rank, the same on all nodes.
  let slotByteCount: Int
  /// Slots lie an odd number of lines apart, lest they compete for the same lines of a cache.
  private let slotStride: Int
  private let bases: [UnsafeMutableRawPointer]
  /// Memory in which buffers can be combined where they lie.
  private var arenas: [BufferArena] = []

  /// For one combination: a pointer a rank, and as many targets or, for a rank alone, a buffer and a slot.
  let sources: UnsafeMutablePointer<UnsafeRawPointer?>
  let targets: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  /// Throws as ``SharedMemoryProvider/makeSharedMemory(byteCount:)`` does. Collective.
  init(_ network: NodeNetwork, slotByteCount: Int) throws {
    let provider = network.node
    rank = provider.rank
    size = provider.size
    names = network.ranks
    let share = Self.line * network.largestNode
    self.slotByteCount = (slotByteCount + share - 1) / share * share
    slotStride = (self.slotByteCount / Self.line | 1) * Self.line
    let byteCount = Self.headerCount * Self.headerByteCount + Self.slotCount * slotStride
    let memory = try provider.makeSharedMemory(byteCount: byteCount)
    memory.parts[rank].initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    bases = memory.parts
    sources = .allocate(capacity: size)
    targets = .allocate(capacity: max(size, 2))
    sources.initialize(repeating: nil, count: size)
    targets.initialize(repeating: nil, count: max(size, 2))
    try provider.barrier()
  }

  deinit {
    sources.deallocate()
    targets.deallocate()
  }

  /// Announces this rank's step.
  func announce(_ sequence: UInt64, _ call: CollectiveCall, location: UInt64) {
    let words = header(of: rank, sequence)
    words[1] = call.code
    words[2] = UInt64(call.count)
    words[3] = location
    csm_publish(words, sequence)
  }

  func hasAnnounced(_ rank: Int, _ sequence: UInt64) -> Bool { csm_load(header(of: rank, sequence)) == sequence }

  /// Says that this rank's slice of a step is reduced.
  func announceResult(_ sequence: UInt64) { csm_publish(header(of: rank, sequence) + 8, sequence) }

  func hasResult(_ rank: Int, _ sequence: UInt64) -> Bool { csm_load(header(of: rank, sequence) + 8) == sequence }

  /// Whether an announced step is of this call.
  func isAnnounced(_ rank: Int, _ sequence: UInt64, as call: CollectiveCall) -> Bool {
    let words = header(of: rank, sequence)
    return words[1] == call.code && words[2] == UInt64(call.count)
  }

  /// The call of an announced step.
  func call(of rank: Int, _ sequence: UInt64) -> CollectiveCall? {
    let words = header(of: rank, sequence)
    return CollectiveCall(code: words[1], count: words[2])
  }

  /// A rank's slot of a number; numbers count all slots that were ever used.
  func slot(of rank: Int, _ number: Int) -> UnsafeMutableRawPointer {
    bases[rank] + Self.headerCount * Self.headerByteCount + (number & (Self.slotCount - 1)) * slotStride
  }

  private func header(of rank: Int, _ sequence: UInt64) -> UnsafeMutablePointer<UInt64> {
    (bases[rank] + Int(sequence & UInt64(Self.headerCount - 1)) * Self.headerByteCount)
      .assumingMemoryBound(to: UInt64.self)
  }

  /// Adds memory that buffers may lie in, on all ranks in the same order.
  func add(_ memory: SharedMemory) -> BufferArena {
    let arena = BufferArena(memory)
    arenas.append(arena)
    return arena
  }

  /// The first memory that no rank's buffer is in and that fits one of so many bytes on all; nil where there is none.
  /// Collective.
  func freeArena(_ byteCount: Int, _ ranks: any Communicator) throws -> BufferArena? {
    guard !arenas.isEmpty else { return nil }
    let fitting = byteCount...2 * byteCount
    var isFree: [UInt8] = arenas.map { !$0.isInUse && fitting.contains($0.memory.byteCount) ? 1 : 0 }
    try ranks.allReduce(&isFree, .minimum)
    return isFree.firstIndex(of: 1).map { arenas[$0] }
  }

  private static let offsetBits: UInt64 = 48

  /// Where a buffer lies, for the other ranks; nil unless it is all in one arena, and where it is empty.
  func location(of buffer: UnsafeRawBufferPointer) -> UInt64? {
    guard let start = buffer.baseAddress, buffer.count > 0 else { return nil }
    for (index, arena) in arenas.enumerated() {
      let offset = start - UnsafeRawPointer(arena.memory.parts[rank])
      if offset >= 0 && offset <= arena.memory.byteCount - buffer.count {
        return UInt64(index) << Self.offsetBits | UInt64(offset)
      }
    }
    return nil
  }

  /// Where the buffer of a rank's announced step is.
  func buffer(of rank: Int, _ sequence: UInt64) -> UnsafeMutableRawPointer {
    let location = header(of: rank, sequence)[3]
    return arenas[Int(location >> Self.offsetBits)].memory.parts[rank] + Int(location & (1 << Self.offsetBits - 1))
  }

  /// Combines the elements at ``sources``, of all ranks along a binary tree, into the first `targetCount` of ``targets``.
  func combine(_ call: CollectiveCall, count: Int, targetCount: Int) {
    csm_combine(call.element.shared, call.operation.shared, count, size, sources, targetCount, targets)
  }
}
