/// Memory that a ``Communicator`` combines faster than any other, as ``Communicator/makeBuffer(byteCount:)`` makes it.
public final class CommunicationBuffer {
  /// The memory, aligned to 64 bytes, valid as long as this object lives, and before ``Communicator/finalize()``.
  public let bytes: UnsafeMutableRawBufferPointer
  private let giveBack: () -> Void

  /// Memory of this process alone, filled with zeros.
  package init(privateByteCount byteCount: Int) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    self.bytes = bytes
    giveBack = { bytes.deallocate() }
  }

  /// Memory that lives as long as the group of ranks, which is told when this buffer no longer needs it.
  init(borrowing bytes: UnsafeMutableRawBufferPointer, giveBack: @escaping () -> Void) {
    self.bytes = bytes
    self.giveBack = giveBack
  }

  /// Calls `body` with the memory as elements of a type.
  public func withElements<Element: ReducibleElement, Result>(
    of type: Element.Type = Element.self, _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) { try body(bytes.bindMemory(to: Element.self)) }
  }

  deinit { giveBack() }
}

extension Communicator {
  /// Memory of this process alone.
  public func makeBuffer(byteCount: Int) throws -> CommunicationBuffer {
    CommunicationBuffer(privateByteCount: byteCount)
  }
}
