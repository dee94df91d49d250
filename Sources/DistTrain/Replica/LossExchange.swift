import Autograd
import Collective

/// What ranks exchange within the forward and backward passes of a step: all of them run their models equally often, and
/// make the same exchanges in the same order.
///
/// The graph cannot throw, so the first failure of communication is kept, and thrown by ``check()``.
final class LossExchange {
  let communicator: any Communicator
  private var failure: (any Error)?
  /// A batch without samples, for a rank that has none and must take part.
  private var emptyBatch: Batch?

  init(_ communicator: any Communicator) { self.communicator = communicator }

  /// The batch on which a rank runs its model: an empty one where it has none.
  func batch(for given: Batch?) -> Batch? {
    if let given, emptyBatch == nil { emptyBatch = given.with(contents: given.contents.map { $0.sliced(0..<0) }) }
    precondition(
      given != nil || emptyBatch != nil,
      "the first batch with synchronized batch normalization, or with rows gathered in the loss, is nil: give an empty one, "
        + "for the shapes of its tensors")
    return given ?? emptyBatch
  }

  /// Throws the failure of communication that ended the exchange, if one did.
  func check() throws {
    if let failure { throw failure }
  }

  /// Makes a call of the communicator, unless one has failed.
  func communicate(_ call: () throws -> Void) {
    guard failure == nil else { return }
    do { try call() } catch { failure = error }
  }
}
