import Autograd

/// Repeats the computation of steps on a GPU as one piece of recorded work, which starts in a fraction of the time that
/// its kernels take to start one by one.
///
/// The first batch decides the shape. Two batches of it are computed as they come, to warm up, and the third is recorded.
/// A computation that needs the processor on the way, to draw dropout for one, is never recorded, and neither are
/// batches of another shape.
final class StepRecorder {
  private static let warmUpCount = 2

  private let device: Device
  private var shapes: [[Int]]?
  private var warmUps = 0
  private var isRecordable = true
  private var recorded: (work: RecordedWork, inputs: [Tensor], result: Tensor?)?

  init(on device: Device) { self.device = device }

  /// What `body` makes of tensors on the GPU: itself, or its repetition.
  ///
  /// - Parameter body: The same for all tensors of one shape; what it returns stays valid until the next call.
  func run(_ tensors: [Tensor], _ body: ([Tensor]) throws -> Tensor?) throws -> Tensor? {
    let shapes = tensors.map(\.shape)
    if self.shapes == nil { self.shapes = shapes }
    // A profile shows operators, which the repetition does not tell apart.
    guard shapes == self.shapes, isRecordable, !Profiler.isActive else { return try body(tensors) }
    if let recorded {
      for (input, tensor) in zip(recorded.inputs, tensors) { try input.copyElements(from: tensor) }
      recorded.work.run()
      return recorded.result
    }
    if warmUps < Self.warmUpCount {
      warmUps += 1
      let before = RecordedWork.transferCount(on: device)
      let result = try body(tensors)
      isRecordable = RecordedWork.transferCount(on: device) == before
      return result
    }
    let inputs = tensors.map { $0.cloned() }
    var result: Tensor?
    let work = try RecordedWork(on: device) { result = try body(inputs) }
    recorded = (work, inputs, result)
    work.run()
    return result
  }
}
