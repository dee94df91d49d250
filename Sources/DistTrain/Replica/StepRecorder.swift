import Autograd

/// Repeats the computation of steps on a GPU as one piece of recorded work, which starts in a fraction of the time that
/// its kernels take to start one by one.
///
/// The first kind of batch that comes for the third time is recorded: a kind is the shapes and types, and the copy of a data set
/// that batches are gathered from. The two before it are computed as they come, to warm up, and so are batches of all
/// other kinds. A computation that needs the processor on the way, to draw noise for one, is never recorded.
///
/// Where sums of other ranks are part of it, all record at the same step, and all repeat or none: NCCL wants its work
/// recorded, and recorded work launched, by all ranks alike.
final class StepRecorder {
  /// What this rank can do with a batch.
  enum Prospect {
    case computing, recording, repeating
  }

  private struct Kind: Equatable {
    let shapes: [[Int]]
    let types: [DataType]
    let samples: ResidentSamples?

    init(_ batch: Batch) {
      shapes = batch.contents.map(\.shape)
      types = batch.contents.map(\.dtype)
      samples = batch.samples
    }

    static func == (a: Kind, b: Kind) -> Bool {
      a.shapes == b.shapes && a.types == b.types && a.samples === b.samples
    }
  }

  private static let warmUpCount = 2
  /// Kinds that come later are not counted.
  private static let mostKinds = 16

  private let device: Device
  private var warmUps: [(kind: Kind, count: Int)] = []
  private var isRecordable = true
  private var recorded: (kind: Kind, work: RecordedWork, inputs: [Tensor], result: Tensor?)?
  /// What makes the update of the weights, where that is part of the computation.
  private let updates: GuardedUpdates?
  private let parameters: [Tensor]

  init(on device: Device, parameters: [Tensor], updates: GuardedUpdates?) {
    self.device = device
    self.parameters = parameters
    self.updates = updates
  }

  /// Forgets what was recorded, and begins anew.
  func forget() { (warmUps, isRecordable, recorded) = ([], true, nil) }

  /// What ``run(_:allAgree:drawing:update:_:)`` can do with a batch.
  func prospect(of batch: Batch) -> Prospect {
    // A profile shows operators, which the repetition does not tell apart.
    guard isRecordable, !Profiler.isActive else { return .computing }
    // What is repeated gives the batch no gradients.
    guard !batch.contents.contains(where: \.requiresGrad) else { return .computing }
    let kind = Kind(batch)
    if let recorded { return recorded.kind == kind ? .repeating : .computing }
    return warmUps.contains { $0.kind == kind && $0.count == Self.warmUpCount } ? .recording : .computing
  }

  /// What `body` makes of a batch on the GPU: itself, or its repetition.
  ///
  /// - Parameters:
  ///   - allAgree: Whether all ranks whose sums are part of `body` have the same prospect.
  ///   - drawing: Runs something so that it draws the random numbers of this step.
  ///   - update: The optimizer's step that `body` ends with, whose numbers may be others each time.
  ///   - body: The same for all batches of one kind; what it returns stays valid until the next call.
  func run(
    _ batch: Batch, allAgree: Bool = true, drawing: (() -> Void) -> Void, update: () -> Void = {},
    _ body: (Batch) throws -> Tensor?
  ) throws -> Tensor? {
    switch prospect(of: batch) {
    case .repeating where allAgree:
      guard let recorded else { preconditionFailure("a repetition of nothing") }
      for (input, tensor) in zip(recorded.inputs, batch.contents) { try input.copyElements(from: tensor) }
      updates?.note(update)
      updates?.upload()
      drawing { recorded.work.run() }
      return recorded.result
    case .recording where allAgree:
      let inputs = batch.contents.map { $0.cloned() }
      var result: Tensor?
      let work = try RecordedWork(on: device, reading: parameters) { result = try body(batch.with(contents: inputs)) }
      recorded = (Kind(batch), work, inputs, result)
      updates?.upload()
      drawing { work.run() }
      return result
    default: return try warmUp(batch, body)
    }
  }

  private func warmUp(_ batch: Batch, _ body: (Batch) throws -> Tensor?) throws -> Tensor? {
    guard recorded == nil, isRecordable, !Profiler.isActive else { return try body(batch) }
    let before = RecordedWork.transferCount
    let result = try body(batch)
    isRecordable = RecordedWork.transferCount == before
    let kind = Kind(batch)
    if let index = warmUps.firstIndex(where: { $0.kind == kind }) {
      warmUps[index].count = min(warmUps[index].count + 1, Self.warmUpCount)
    } else if warmUps.count < Self.mostKinds {
      warmUps.append((kind, 1))
    }
    return result
  }
}
