import Synchronization

/// Memory of a node's ranks for one ``CommunicationBuffer`` of each, and after those for others.
final class BufferArena {
  let memory: SharedMemory
  private let inUse = Atomic(false)

  init(_ memory: SharedMemory) { self.memory = memory }

  /// Whether a buffer of this rank lies here.
  var isInUse: Bool { inUse.load(ordering: .acquiring) }

  /// This rank's part, filled with zeros, until the buffer goes.
  func makeBuffer(rank: Int, byteCount: Int) -> CommunicationBuffer {
    inUse.store(true, ordering: .relaxed)
    let bytes = UnsafeMutableRawBufferPointer(start: memory.parts[rank], count: byteCount)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    return CommunicationBuffer(borrowing: bytes) { self.inUse.store(false, ordering: .releasing) }
  }
}
