/// Steps of an optimizer that a GPU decides on by itself, so that nobody waits for the loss of one before starting the
/// next.
///
/// A step whose loss is not finite changes nothing, and neither does any after it until ``resume()``. The numbers of a
/// step's updates (learning rate, bias corrections, the factor of the gradient) are arguments of their kernels, or, where
/// these are part of a ``RecordedWork``, lie in the GPU's memory, where ``upload()`` brings those of the step to come.
package final class GuardedUpdates {
  /// More than the numbers of any rule.
  private static let capacityOfUpdate = 16

  private let losses: LossReadings
  private let isStopped: Tensor
  /// Those of each update of a step.
  private let numbers: Tensor
  private let checksLoss: Bool
  /// The largest norm that all gradients together may have, and the sum of their squares.
  private let gradientNorm: (limit: Double, squares: Tensor)?
  private var purpose: Purpose?
  /// As in `numbers`, of the updates so far.
  private var noted: [Double] = []
  private var uploaded: [Double] = []

  private enum Purpose {
    case making(KernelGuard)
    case noting
  }

  /// Updates of parameters of `dtype` on a GPU; any other device traps.
  ///
  /// - Parameters:
  ///   - allowsNonfinite: Whether steps are made whatever their loss.
  ///   - gradientNormLimit: The largest norm that all gradients of a step together may have, multiplied by their scale;
  ///     the kernel scales larger ones down.
  ///   - updateCount: The most arrays that the optimizer updates in a step.
  ///   - readingCapacity: The most numbers that are read after a step.
  package init(
    on device: Device, dtype: DataType, allowsNonfinite: Bool, gradientNormLimit: Double?, updateCount: Int,
    readingCapacity: Int
  ) {
    guard case .cuda(let index) = device else { preconditionFailure("guarded updates on \(device)") }
    losses = LossReadings(CUDADevice.required(index), capacity: readingCapacity + 1)
    isStopped = .zeros([1], dtype: .int64, device: device)
    numbers = .zeros([updateCount * Self.capacityOfUpdate], dtype: dtype, device: device)
    checksLoss = !allowsNonfinite
    gradientNorm = gradientNormLimit.map { ($0, .zeros([1], dtype: .float64, device: device)) }
  }

  /// Makes the step that `body` asks an optimizer for, with `gradients`, if the GPU finds `loss`, of the parameters' type,
  /// finite.
  package func make(after loss: Tensor, gradients: Tensor, _ body: () -> Void) {
    precondition(
      loss.count == 1 && loss.dtype == numbers.dtype && loss.device == numbers.device,
      "a loss of shape \(loss.shape) and \(loss.dtype) on \(loss.device) for parameters of \(numbers.dtype)")
    let isRecorded = ThreadState.current.recordedWork != nil
    gradientNorm?.squares.assign(gradients.sumOfSquares())
    let decision = KernelGuard(
      loss: checksLoss ? loss.address : nil, isStopped: checksLoss ? isStopped.address : nil,
      numbers: isRecorded ? numbers.address : nil, squares: gradientNorm?.squares.address,
      limit: gradientNorm?.limit ?? 0)
    run(.making(decision), body)
  }

  /// Takes note of the numbers of the updates that `body` asks an optimizer for, which recorded work will make.
  package func note(_ body: () -> Void) { run(.noting, body) }

  private func run(_ purpose: Purpose, _ body: () -> Void) {
    self.purpose = purpose
    noted = []
    defer { self.purpose = nil }
    ThreadState.with(\.guardedUpdates, self, body)
  }

  /// Brings the numbers noted last to the GPU, after all that was asked for before, unless they are there.
  package func upload() {
    guard noted != uploaded else { return }
    numbers.assign(noted + Array(repeating: 0, count: numbers.count - noted.count))
    uploaded = noted
  }

  /// Starts to bring what a step gave, and the sum of its gradients' squares where their norm has a limit, to the
  /// processor's memory; two readings at most are under way.
  package func read(_ numbers: Tensor) -> LossReadings.Reading {
    losses.start([numbers] + (gradientNorm.map { [$0.squares] } ?? []))
  }

  /// Lets the steps that are asked for from now on be made again.
  package func resume() { isStopped.backend.fill(isStopped, with: 0) }

  /// What the kernel of an update is given beside its numbers; nil if it is not to be started.
  func guardOfKernel(_ numbers: [Double]) -> KernelGuard? {
    guard let purpose else { preconditionFailure("an update outside of a step") }
    switch purpose {
    case .making(var decision):
      guard let start = decision.numbers else { return decision }
      decision.numbers = start + noted.count * self.numbers.dtype.byteCount
      note(numbers)
      return decision
    case .noting:
      note(numbers)
      return nil
    }
  }

  private func note(_ update: [Double]) {
    precondition(update.count <= Self.capacityOfUpdate, "an update with \(update.count) numbers")
    precondition(noted.count < numbers.count, "more updates in a step than \(numbers.count / Self.capacityOfUpdate)")
    noted += update + Array(repeating: 0, count: Self.capacityOfUpdate - update.count)
  }
}

/// What decides on an update, and where its numbers are if not among the kernel's arguments; see `Step` in
/// `optimizers.cu`.
struct KernelGuard {
  var loss: UnsafeMutableRawPointer?
  var isStopped: UnsafeMutableRawPointer?
  var numbers: UnsafeMutableRawPointer?
  /// The sum of the squares of all gradients, where the norm of these has a limit.
  var squares: UnsafeMutableRawPointer?
  var limit = 0.0
}
