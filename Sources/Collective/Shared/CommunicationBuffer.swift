/// Memory that a ``Communicator`` combines faster than any other, as ``Communicator/makeBuffer(byteCount:)`` makes it.
public final class CommunicationBuffer {
  /// The memory, aligned to 64 bytes, valid as long as this object lives, and before ``Communicator/finalize()``.
  public let bytes: UnsafeMutableRawBufferPointer
  private let isOwner: Bool

  /// Memory of this process alone, filled with zeros.
  package init(privateByteCount byteCount: Int) {
    bytes = .allocate(byteCount: byteCount, alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    isOwner = true
  }

  /// Memory that lives as long as the group of ranks.
  init(borrowing bytes: UnsafeMutableRawBufferPointer) {
    self.bytes = bytes
    isOwner = false
  }

  /// Calls `body` with the memory as elements of a type.
  public func withElements<Element: ReducibleElement, Result>(
    of type: Element.Type = Element.self, _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) { try body(bytes.bindMemory(to: Element.self)) }
  }

  deinit {
    if isOwner { bytes.deallocate() }
  }
}

extension Communicator {
  /// Memory of this process alone.
  public func makeBuffer(byteCount: Int) throws -> CommunicationBuffer {
    CommunicationBuffer(privateByteCount: byteCount)
  }
}
