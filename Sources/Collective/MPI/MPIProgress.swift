import CMPI

/// MPI's operations of a thread, which proceed in any of its calls, and in no other.
final class MPIProgress: OperationsUnderWay.Source {
  let operations = OperationsUnderWay.ofThread
  private var count = 0

  /// Takes note of an operation that was started.
  func operationBegan() {
    count += 1
    operations.insert(self)
  }

  /// Takes note that one is complete.
  func operationEnded() {
    count -= 1
    if count == 0 { operations.remove(self) }
  }

  /// Looks for a message that nobody sends, which lets all of MPI proceed.
  func proceed() { cmpi_progress() }
}
