import Autograd
import Collective

extension Communicator {
  /// Copies the elements of rank `root`'s tensor into those of all other ranks, which have its shape and type. Collective.
  ///
  /// - Throws: When communication fails.
  public func broadcast(_ tensor: Tensor, from root: Int) throws {
    try tensor.withMutableBytes { bytes in try broadcast(bytes.assumingMemoryBound(to: UInt8.self), from: root) }
  }
}
