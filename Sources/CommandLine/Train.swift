import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

extension TrainingConfiguration.Model: ExpressibleByArgument {}
extension TrainingConfiguration.Precision: ExpressibleByArgument {}
extension TrainingConfiguration.DeviceKind: ExpressibleByArgument {}
extension CollectiveChoice: ExpressibleByArgument {}
extension AugmentationChoice: ExpressibleByArgument {}
extension OptimizerChoice: ExpressibleByArgument {}
extension ScheduleChoice: ExpressibleByArgument {}
extension GradientCompression: ExpressibleByArgument {}

extension BucketChoice {
  /// The choice that a flag names.
  init(argument: String) throws {
    guard let choice = BucketChoice(rawValue: argument) else {
      throw ValidationError("expected \(Self.choices); a size is \(BucketSizes.least) or more")
    }
    self = choice
  }
}

/// `disttrain train`.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model on pictures, or on images in MNIST's or CIFAR-10's format.",
    discussion: """
      All ranks together take --global-batch samples a step, so the result does not depend on their number. The output \
      folder gets the resolved configuration, metrics.jsonl, event files for TensorBoard, a checkpoint after every \
      epoch and when the run is asked to end (Ctrl-C, SIGTERM, SIGHUP, SIGUSR1), the trained model as model.safetensors with \
      PyTorch's names, that of the epoch with the best accuracy as best.safetensors, and curve.svg. Settings come from the \
      flags, else from --config, else from the defaults.
      """)

  @Option(
    help: ArgumentHelp(
      "Read settings from a YAML file; its keys are the names of the flags, but for config and resume.",
      valueName: "file"))
  var config: String?
  @Option(
    help:
      "The model: mlp, cnn or vit, for images of 1×28×28, or resnet18, for 3×32×32 and larger ones.\(Self.default(\.model.rawValue))"
  )
  var model: TrainingConfiguration.Model?
  @Option(
    help: ArgumentHelp(
      "The folder with the images: the files of MNIST or CIFAR-10, or folders train and test with one of pictures for each class. DISTTRAIN_DATA gives another default.\(Self.default(\.data))",
      valueName: "folder"))
  var data: String?
  @Option(
    help: ArgumentHelp(
      "Resize pictures to so many rows and columns, for resnet18. (default: those that the model is for)",
      valueName: "pixels"))
  var imageSize: Int?
  @Option(
    help: ArgumentHelp(
      "Begin with the weights of a model: of a run, or saved by PyTorch. The last layer is drawn anew where it is for another number of classes. (default: all are drawn)",
      valueName: "file"))
  var weights: String?
  @Option(
    help:
      "Change training images at random, anew in each epoch: shift them by up to an eighth of their size, flip them from left to right, or both; or crop, which takes a part of a picture, and flips it.\(Self.default(\.augment.rawValue))"
  )
  var augment: AugmentationChoice?
  @Option(
    help: ArgumentHelp(
      "Samples that all ranks together take in a step.\(Self.default(\.globalBatch))", valueName: "samples"))
  var globalBatch: Int?
  @Option(
    help: ArgumentHelp(
      "Compute each rank's samples of a step in so many pieces, which need less memory.\(Self.default(\.accumulate))",
      valueName: "pieces"))
  var accumulate: Int?
  @Option(
    help: ArgumentHelp(
      "Get the same bits on 1, 2, 4, … ranks: cut every batch into so many shards, a power of two, and add up their gradients along one tree. (default: off)",
      valueName: "shards"))
  var reproducible: Int?
  @Option(help: ArgumentHelp("How often all samples are seen.\(Self.default(\.epochs))", valueName: "number"))
  var epochs: Int?
  @Option(help: ArgumentHelp("The most steps to make, over all epochs. (default: no limit)", valueName: "number"))
  var steps: Int?
  @Option(
    help:
      "How a step changes the weights: sgd, with momentum, or adam or adamw.\(Self.default(\.optimizer.rawValue))")
  var optimizer: OptimizerChoice?
  @Option(
    help: ArgumentHelp(
      "The step size of the optimizer. (default: \(OptimizerChoice.sgd.defaultLearningRate), or \(OptimizerChoice.adam.defaultLearningRate) with adam and adamw)",
      valueName: "number"))
  var learningRate: Double?
  @Option(
    help:
      "How the learning rate goes on after the warm-up: constant, or linear or cosine down to 0 at the end of the run.\(Self.default(\.schedule.rawValue))"
  )
  var schedule: ScheduleChoice?
  @Option(
    help: ArgumentHelp(
      "Let the learning rate rise evenly in so many first steps.\(Self.default(\.warmup))", valueName: "steps"))
  var warmup: Int?
  @Option(
    help: ArgumentHelp(
      "The part of the last update that the next one keeps; with adam and adamw the first beta.\(Self.default(\.momentum))",
      valueName: "number"))
  var momentum: Double?
  @Option(
    help: ArgumentHelp(
      "The factor of the weights that is added to their gradient.\(Self.default(\.weightDecay))", valueName: "number"))
  var weightDecay: Double?
  @Option(
    help: ArgumentHelp(
      "Scale the gradients of a step down where their norm, of all together, is above this. (default: off)",
      valueName: "number"))
  var clipNorm: Double?
  @Option(
    help: ArgumentHelp(
      "Chooses the initial weights and the order of the samples: a whole number from 0 to 2^64 - 1.\(Self.default(\.seed))",
      valueName: "number"))
  var seed: UInt64?
  @Option(
    help: """
      The type of number to compute with: float32, float64, or bfloat16, which is float32 with the factors of matrix \
      products rounded to bfloat16; with --device cuda the results of convolutions and large layers stay in bfloat16, \
      and there is tf32, which rounds factors less, and nothing else.\(Self.default(\.precision.rawValue))
      """)
  var precision: TrainingConfiguration.Precision?
  @Option(
    help: "What to compute on: cpu, or cuda with a GPU for each rank of a node.\(Self.default(\.device.rawValue))")
  var device: TrainingConfiguration.DeviceKind?
  @Flag(inversion: .prefixedNo, help: "Leave the last batch out when it is not full.\(Self.default(\.dropLast))")
  var dropLast: Bool?
  @Option(help: ArgumentHelp("Record metrics every so many steps.\(Self.default(\.logEvery))", valueName: "steps"))
  var logEvery: Int?
  @Option(
    help: ArgumentHelp(
      "The folder for what the run writes. (default: runs/MODEL, or runs/MODEL-2, …)", valueName: "folder"))
  var output: String?
  @Flag(
    help:
      "Go on with the run in --output, or the last of --model, from its checkpoint; without --config, its settings."
  )
  var resume = false
  @Option(
    help: ArgumentHelp(
      "Write a checkpoint every so many steps too. (default: after each epoch, before the first step and when asked to end only)",
      valueName: "steps"))
  var checkpointEvery: Int?
  @Option(
    help: ArgumentHelp(
      "Compare the weights of all ranks every so many steps, and stop where they differ. (default: never)",
      valueName: "steps"))
  var verifyReplicas: Int?
  @Flag(
    inversion: .prefixedNo, help: "Go on after a loss that is not a finite number.\(Self.default(\.allowNonfinite))")
  var allowNonfinite: Bool?
  @Option(
    help: ArgumentHelp(
      "All-reduce gradients in buckets of sizes that are measured in the first steps, or of these: \(BucketChoice.choices).\(Self.default(\.buckets.rawValue))",
      valueName: "sizes"), transform: BucketChoice.init(argument:))
  var buckets: BucketChoice?
  @Option(
    help:
      "All-reduce gradients in memory that the ranks of a node share, or by MPI: shared or mpi.\(Self.default(\.collective.rawValue))"
  )
  var collective: CollectiveChoice?
  @Option(
    help: ArgumentHelp(
      "Make gradients smaller between nodes: \(GradientCompression.choices). (default: as they are)",
      valueName: "how"))
  var compress: GradientCompression?
  @Flag(
    inversion: .prefixedNo,
    help:
      "Keep on each rank the optimizer's state of its part of the weights only (ZeRO stage 1).\(Self.default(\.shardOptimizer))"
  )
  var shardOptimizer: Bool?
  @Flag(
    inversion: .prefixedNo,
    help:
      "Normalize over the samples of all ranks in batch normalization, not over each rank's own.\(Self.default(\.syncBatchNorm))"
  )
  var syncBatchNorm: Bool?

  func run() throws {
    runAsRank(collective: .mpi) { world in
      let configuration = try sharedConfiguration(world)
      let communicator =
        configuration.collective == .shared ? try world.sharingMemory(notify: printNotice) : world
      Interruption.watch()
      let trainer = try Trainer(
        configuration, resume: resume, communicator: communicator, prefetch: batchesAhead)
      if communicator.rank == 0 { announce(configuration, communicator) }
      let evaluation = try trainer.run()
      guard communicator.rank == 0 else { return }
      let directory = trainer.directory
      print("test \(evaluation)")
      print("model       \(directory.model)")
      // A run that an earlier version began has none until an epoch is better than all before.
      if FileManager.default.fileExists(atPath: directory.best) { print("best        \(directory.best)") }
      print("metrics     \(directory.metrics)")
      print("curve       \(directory.curve)")
      print("checkpoint  \(directory.checkpoint)")
    }
  }

  /// The configuration as rank 0 resolves it: files that it names need not be on the other ranks' machines.
  private func sharedConfiguration(_ world: any Communicator) throws -> TrainingConfiguration {
    let own = try world.agree(on: "reading the configuration") {
      world.rank == 0 ? try resolvedConfiguration().yaml() : ""
    }
    var result = TrainingConfiguration()
    try ConfigurationFile(yaml: world.broadcast(own, from: 0), path: "rank 0's configuration").apply(to: &result)
    return result
  }

  /// Defaults, then the file or the resumed run's settings, then the flags.
  func resolvedConfiguration() throws -> TrainingConfiguration {
    var file: ConfigurationFile?
    var resumed: RunDirectory?
    if let config {
      file = try ConfigurationFile(path: config)
    } else if resume {
      let directory = try RunDirectory.resumable(output, named: (model ?? TrainingConfiguration().model).rawValue)
      file = try ConfigurationFile(path: directory.configuration)
      resumed = directory
    }
    var result = TrainingConfiguration()
    file?.apply(to: &result)
    result = TrainingConfiguration(optimizer: optimizer ?? result.optimizer)
    file?.apply(to: &result)
    if let resumed { result.output = resumed.path }
    func set<Value>(_ path: WritableKeyPath<TrainingConfiguration, Value>, _ value: Value?) {
      if let value { result[keyPath: path] = value }
    }
    set(\.model, model)
    set(\.data, data)
    if let imageSize { result.imageSize = imageSize }
    if let weights { result.weights = weights }
    set(\.augment, augment)
    set(\.globalBatch, globalBatch)
    set(\.accumulate, accumulate)
    if let reproducible { result.reproducible = reproducible }
    set(\.epochs, epochs)
    if let steps { result.steps = steps }
    set(\.optimizer, optimizer)
    set(\.learningRate, learningRate)
    set(\.schedule, schedule)
    set(\.warmup, warmup)
    set(\.momentum, momentum)
    set(\.weightDecay, weightDecay)
    if let clipNorm { result.clipNorm = clipNorm }
    set(\.seed, seed)
    set(\.precision, precision)
    set(\.device, device)
    set(\.dropLast, dropLast)
    set(\.logEvery, logEvery)
    if let output { result.output = output }
    set(\.checkpointEvery, checkpointEvery)
    set(\.verifyReplicas, verifyReplicas)
    set(\.allowNonfinite, allowNonfinite)
    set(\.buckets, buckets)
    set(\.collective, collective)
    if let compress { result.compress = compress }
    set(\.shardOptimizer, shardOptimizer)
    set(\.syncBatchNorm, syncBatchNorm)
    return result
  }

  private func announce(_ configuration: TrainingConfiguration, _ communicator: any Communicator) {
    let ranks =
      communicator.size == 1 ? "1 process" : "\(communicator.size) ranks, \(communicator.localSize) on this node"
    let threads = BLAS.threadCount
    let text =
      "training \(configuration.model.rawValue) on \(configuration.data): \(ranks), "
      + "\(threads) thread\(threads == 1 ? "" : "s") each, global batch \(configuration.globalBatch), "
      + "\(configuration.optimizer.rawValue), learning rate \(configuration.learningRate)"
    StandardStreams.writeError("\(text)\n")
  }

  private static func `default`(_ path: KeyPath<TrainingConfiguration, some CustomStringConvertible>) -> String {
    " (default: \(TrainingConfiguration()[keyPath: path]))"
  }
}
