import Autograd

/// Repeats the computation of steps on a GPU as one piece of recorded work, which starts in a fraction of the time that
/// its kernels take to start one by one.
///
/// The first batch decides the shape, and the copy of a data set that batches are gathered from. Two batches like it are
/// computed as they come, to warm up, and the third is recorded. A computation that needs the processor on the way, to
/// draw dropout for one, is never recorded, and neither are other batches.
final class StepRecorder {
  private static let warmUpCount = 2

  private let device: Device
  private var like: (shapes: [[Int]], samples: ResidentSamples?)?
  private var warmUps = 0
  private var isRecordable = true
  private var recorded: (work: RecordedWork, inputs: [Tensor], result: Tensor?)?
  /// What makes the update of the weights, where that is part of the computation.
  private let updates: GuardedUpdates?

  init(on device: Device, updates: GuardedUpdates?) {
    self.device = device
    self.updates = updates
  }

  /// Forgets what was recorded, and begins anew.
  func forget() { (like, warmUps, isRecordable, recorded) = (nil, 0, true, nil) }

  /// What `body` makes of a batch on the GPU: itself, or its repetition.
  ///
  /// - Parameters:
  ///   - update: The optimizer's step that `body` ends with, whose numbers may be others each time.
  ///   - body: The same for all batches of one shape; what it returns stays valid until the next call.
  func run(
    _ batch: Batch, update: () throws -> Void = {}, _ body: (Batch) throws -> Tensor?
  ) throws -> Tensor? {
    let shapes = batch.contents.map(\.shape)
    if like == nil { like = (shapes, batch.samples) }
    // A profile shows operators, which the repetition does not tell apart.
    guard shapes == like?.shapes, batch.samples === like?.samples, isRecordable, !Profiler.isActive else {
      return try body(batch)
    }
    if let recorded {
      for (input, tensor) in zip(recorded.inputs, batch.contents) { try input.copyElements(from: tensor) }
      try updates?.note(update)
      updates?.upload()
      recorded.work.run()
      return recorded.result
    }
    if warmUps < Self.warmUpCount {
      warmUps += 1
      let before = RecordedWork.transferCount(on: device)
      let result = try body(batch)
      isRecordable = RecordedWork.transferCount(on: device) == before
      return result
    }
    let inputs = batch.contents.map { $0.cloned() }
    var result: Tensor?
    let work = try RecordedWork(on: device) { result = try body(batch.with(contents: inputs)) }
    recorded = (work, inputs, result)
    updates?.upload()
    work.run()
    return result
  }
}
