import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

extension ProductPrecision: ExpressibleByArgument {}

/// `disttrain bench step`.
struct BenchStep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Measure whole training steps: loader, forward, backward, all-reduce, optimizer.",
    discussion: """
      Every rank takes its own batch of the workload's size, shuffled; SGD with learning rate 0.01 and momentum 0.9. \
      After a warm-up, steps are made for the given time. tiny, resnet18 and --model take random samples, the others \
      Fashion-MNIST.
      """)

  @Option(help: "The workload: \(Workload.allCases.map(\.rawValue).joined(separator: ", ")). (default: mlp)")
  var workload: Workload?
  @Option(
    help: ArgumentHelp(
      "Instead of a workload, a perceptron with layers of these widths, as 784-1024-10, in batches of 128.",
      valueName: "widths"),
    transform: LayerWidths.init(parsing:))
  var model: LayerWidths?
  @Option(help: ArgumentHelp("How long to measure.", valueName: "seconds"))
  var seconds = 5.0
  @Option(help: ArgumentHelp("Samples that each rank takes in a step. (default: the workload's)", valueName: "samples"))
  var batch: Int?
  @Option(help: ArgumentHelp("Compute them in so many pieces.", valueName: "pieces"))
  var accumulate = 1
  @Option(
    help: ArgumentHelp(
      "Cut the step into so many shards for the same bits on any number of ranks. (default: off)", valueName: "shards"))
  var reproducible: Int?
  @Option(help: ArgumentHelp("The folder with the images. DISTTRAIN_DATA gives another default.", valueName: "folder"))
  var data = MNISTFolder.defaultPath
  @Option(help: "What to compute on: cpu, or cuda with a GPU for each rank of a node.")
  var device = TrainingConfiguration.DeviceKind.cpu
  @Option(help: "How exactly matrices are multiplied: float32, bfloat16, or tf32 with --device cuda.")
  var precision = ProductPrecision.float32
  @Option(help: "All-reduce in memory that the ranks of a node share, or by MPI: shared or mpi.")
  var collective = CollectiveChoice.shared
  @Option(
    help: ArgumentHelp("All-reduce gradients in buckets of these sizes: \(BucketChoice.choices).", valueName: "sizes"),
    transform: BucketChoice.init(argument:))
  var buckets = BucketChoice.automatic
  @Option(help: "Make gradients smaller between nodes: \(GradientCompression.choices).")
  var compress: GradientCompression?
  @Flag(help: "Keep on each rank the optimizer's state of its part of the weights only.")
  var shardOptimizer = false
  @Flag(
    help: """
      Print where the time of a step goes, operator by operator, beside the ceilings of this machine. A GPU is waited for \
      after each, so that a step takes longer than one that is recorded as a whole.
      """)
  var profile = false
  @Option(
    help: ArgumentHelp(
      "Write a timeline of the last \(ProfiledSteps.tracedSteps) steps of all ranks, for chrome://tracing or Perfetto.",
      valueName: "file"))
  var trace: String?
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard seconds > 0 && seconds.isFinite else {
      throw ValidationError("--seconds is \(seconds), expected a number above 0")
    }
    guard workload == nil || model == nil else {
      throw ValidationError("--workload and --model both say what is trained, expected one of them")
    }
    if precision == .tf32 && device == .cpu {
      throw ValidationError("--precision is tf32, expected float32 or bfloat16: tf32 needs --device cuda")
    }
    var configuration = TrainingConfiguration()
    configuration.accumulate = accumulate
    configuration.reproducible = reproducible
    configuration.compress = compress
    do { try configuration.validate() } catch let error as ConfigurationError { throw ValidationError("\(error)") }
    if let trace, trace.isEmpty { throw ValidationError("--trace is empty, expected a file") }
    if let batch, batch < 1 { throw ValidationError("--batch is \(batch), expected at least 1") }
  }

  func run() throws {
    runAsRank(collective: .mpi) { world in
      let communicator = collective == .shared ? try world.sharingMemory(notify: printNotice) : world
      try communicator.agree(on: "checking the options") {
        let (globalBatch, overflow) = batchPerRank.multipliedReportingOverflow(by: communicator.size)
        try cut.validate(worldSize: communicator.size, globalBatch: overflow ? .max : globalBatch)
        try compress?.validate(for: communicator)
      }
      manualSeed(0)
      let samples = try communicator.agree(on: "reading the data set") { try loadSamples(ranks: communicator.size) }
      try communicator.agree(on: "looking where the trace goes") {
        if let trace, communicator.rank == 0 { try ChromeTrace.checkPlace(trace) }
      }
      let timing = try withProductPrecision(precision) { try measure(samples, communicator) }
      let ceilings = try profile || device != .cpu ? measureCeilings(communicator) : nil
      if communicator.rank == 0 { report(timing, ceilings, communicator) }
      if let trace, let profiled = timing.profiled, communicator.rank == 0 {
        try ChromeTrace.write(profiled.traceLines, to: trace)
      }
    }
  }

  private var cut: BatchCut { reproducible.map(BatchCut.logicalShards) ?? .ranks(pieces: accumulate) }

  private var subject: BenchModel { model.map(BenchModel.perceptron) ?? .workload(workload ?? .mlp) }

  private var batchPerRank: Int { batch ?? subject.batch }

  /// The samples to train on, at least enough for one step of all ranks.
  private func loadSamples(ranks: Int) throws -> any Dataset {
    let samples = try subject.loadSamples(from: data, batch: batchPerRank, ranks: ranks)
    guard batchPerRank <= samples.count / ranks else {
      throw ValidationError(
        "a batch of \(batchPerRank) on each of \(ranks) rank(s) is more than the \(samples.count) samples that there are"
      )
    }
    return samples
  }

  private struct Timing {
    let steps: Int
    let seconds: Double
    /// Seconds that the all-reduce took and the backward pass did not hide.
    let communication: Double
    /// What was recorded of further steps, which on a GPU also tells what a step moves.
    let profiled: ProfiledSteps?
    let buckets: ChosenBuckets
  }

  private func measure(_ samples: any Dataset, _ communicator: any Communicator) throws -> Timing {
    let shards = Shards(
      sampleCount: samples.count, globalBatch: batchPerRank * communicator.size,
      rank: communicator.rank, worldSize: communicator.size, dropLast: true, cut: cut)
    let device = try communicator.openDevice(self.device)
    let replica = try Replica(
      subject.makeModel().to(device), SGD.Options(learningRate: 0.01, momentum: 0.9), communicator: communicator,
      buckets: buckets, compression: compress, shardsOptimizer: shardOptimizer, allowsNonfinite: true,
      reproducibleShards: reproducible, recordsSteps: true)
    var feed = BatchFeed(ShardLoader(samples, shards: shards, seed: 0), for: replica)
    var step = 0
    var communication = 0.0
    func makeSteps(_ count: Int) throws {
      var before: StartedStep?
      for _ in 0..<count {
        let (epoch, position) = step.quotientAndRemainder(dividingBy: shards.stepsPerEpoch)
        for piece in 0..<shards.pieceCount - 1 {
          try replica.accumulate(feed.batch(epoch: epoch, step: position, piece: piece))
        }
        let last = try feed.batch(epoch: epoch, step: position, piece: shards.pieceCount - 1)
        let started = try replica.start(last, meanwhile: { try feed.prepare(epoch: epoch, step: position + 1) })
        if let before { communication += try before.outcome().seconds.communication }
        before = started
        step += 1
      }
      if let before { communication += try before.outcome().seconds.communication }
    }
    try makeSteps(10)
    while replica.isTuningBuckets { try makeSteps(1) }
    communication = 0
    try communicator.barrier()
    var (steps, elapsed) = (0, 0.0)
    var stopwatch = Stopwatch()
    var isOver: Int32 = 0
    while isOver == 0 {
      try makeSteps(20)
      steps += 20
      elapsed += stopwatch.lap()
      isOver = try communicator.allReduced(elapsed > seconds ? 1 : 0, .maximum)
    }
    elapsed += stopwatch.lap()
    let waited = communication
    let isProfiled = profile || trace != nil
    let profiled =
      isProfiled || self.device != .cpu
      ? try ProfiledSteps(count: isProfiled ? steps : 1, isTraced: trace != nil, communicator) { try makeSteps(1) }
      : nil
    return Timing(steps: steps, seconds: elapsed, communication: waited, profiled: profiled, buckets: replica.buckets)
  }

  /// The ceilings of what computes, while all ranks use theirs. Collective.
  private func measureCeilings(_ communicator: any Communicator) throws -> StepProfile.Ceilings {
    let device = try communicator.openDevice(device)
    try communicator.barrier()
    var ceilings = withProductPrecision(precision) { StepProfile.Ceilings(of: device) }
    try ceilings.takeSlowest(of: communicator)
    return ceilings
  }

  private func report(_ timing: Timing, _ ceilings: StepProfile.Ceilings?, _ communicator: any Communicator) {
    let step = timing.seconds / Double(timing.steps)
    let rate = Double(batchPerRank * communicator.size) / step
    let share = timing.communication / timing.seconds
    let tflops = 2 * Double(subject.multiplyAddsPerSample * batchPerRank) / step * 1e-12
    if json {
      var record: [JSON.Member] = [
        .init("workload", .string(subject.name)), .init("world", .integer(communicator.size)),
        .init("batch_per_rank", .integer(batchPerRank)), .init("precision", .string(precision.rawValue)),
        .init("samples_per_s", .real(rate, decimals: 1)),
        .init("step_us", .real(step * 1e6, decimals: 1)), .init("communication_share", .real(share, decimals: 3)),
        .init("tflops", .real(tflops, significantDigits: 4)),
        .init("peak_memory_mib", .integer(Processor.peakMemoryByteCount >> 20)),
        .init("buckets", .string(timing.buckets.sizes.description)),
        .init("buckets_origin", .string(timing.buckets.origin.rawValue)),
      ]
      if let ceilings, let profiled = timing.profiled?.profile {
        record += [
          .init("gb_per_s", .real(profiled.bytesPerStep / step * 1e-9, significantDigits: 4)),
          .init("ceiling_flop_per_s", .real(ceilings.flopsPerSecond, decimals: 0)),
          .init("ceiling_b_per_s", .real(ceilings.bytesPerSecond, decimals: 0)),
        ]
        if profile { record.append(.init("profile", profiled.json)) }
      }
      print(JSON.object(record).text)
    } else {
      print(
        String(
          format: "%@: %.1f µs a step, %.0f samples/s over %d rank(s) of batch %d, %.1f %% waiting for all-reduce, "
            + "%.4g TFLOP/s of each rank in products",
          subject.name, step * 1e6, rate, communicator.size, batchPerRank, share * 100, tflops)
          + (communicator.size > 1 ? "; buckets: \(timing.buckets)" : ""))
      guard let ceilings, let profiled = timing.profiled else { return }
      if device != .cpu {
        let bytes = profiled.profile.bytesPerStep / step
        print(
          String(
            format: "%@: %.1f %% of its %.1f TFLOP/s in products; %.1f GB/s moved at least, %.1f %% of its %.1f GB/s",
            ceilings.source, 100 * tflops * 1e12 / ceilings.flopsPerSecond, ceilings.flopsPerSecond * 1e-12,
            bytes * 1e-9, 100 * bytes / ceilings.bytesPerSecond, ceilings.bytesPerSecond * 1e-9))
      }
      if profile { profiled.printTable(ceilings, plainSeconds: step) }
    }
  }
}
