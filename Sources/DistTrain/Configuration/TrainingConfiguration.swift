import Collective

/// Everything that decides what a training run does. The same configuration gives the same run.
public struct TrainingConfiguration: Codable, Equatable, Sendable {
  /// The models that `disttrain train` knows.
  public enum Model: String, Codable, CaseIterable, Sendable {
    /// Linear layers with ReLU between them.
    case mlp
    /// Convolutions, then linear layers.
    case cnn
    /// A residual network of 18 layers, for images of CIFAR-10's size or larger ones.
    case resnet18
    /// A vision transformer.
    case vit
  }

  /// What `disttrain train` computes with: a type of number and, for float32, how exactly matrices are multiplied.
  public enum Precision: String, Codable, CaseIterable, Sendable {
    /// IEEE 754 single precision.
    case float32
    /// IEEE 754 double precision.
    case float64
    /// IEEE 754 single precision, with products of matrices whose factors are rounded by a CUDA device's tensor cores.
    case tf32
    /// IEEE 754 single precision, with products of matrices whose factors are rounded to bfloat16, as
    /// ``ProductPrecision/bfloat16`` says.
    case bfloat16
  }

  /// What `disttrain train` computes on.
  public enum DeviceKind: String, Codable, CaseIterable, Sendable {
    /// The processor.
    case cpu
    /// An NVIDIA GPU for each rank of a node; ranks share them where there are more ranks than GPUs.
    case cuda
  }

  /// The model (`--model`).
  public var model = Model.cnn
  /// The folder with the images: MNIST's files or CIFAR-10's, or folders of pictures (`--data`).
  public var data = MNISTFolder.defaultPath
  /// Rows and columns to which pictures are resized; without it those that the model is made for (`--image-size`).
  public var imageSize: Int?
  /// The file whose weights the model begins with, or a run's folder; without it they are drawn (`--weights`).
  public var weights: String?
  /// How training images are changed at random (`--augment`).
  public var augment = AugmentationChoice.none
  /// Samples that all ranks together take in a step (`--global-batch`).
  public var globalBatch = 64
  /// Into how many pieces each rank cuts its samples of a step, to need less memory (`--accumulate`).
  public var accumulate = 1
  /// The logical shards of a step whose gradients are added along one binary tree, so that any number of ranks gives the
  /// same bits; without them each rank takes its samples at once (`--reproducible`).
  public var reproducible: Int?
  /// How often all samples are seen (`--epochs`).
  public var epochs = 6
  /// The most steps the run makes; without it the epochs decide (`--steps`).
  public var steps: Int?
  /// The rule by which a step changes the weights (`--optimizer`).
  public var optimizer = OptimizerChoice.sgd
  /// The step size of the optimizer (`--learning-rate`).
  public var learningRate = OptimizerChoice.sgd.defaultLearningRate
  /// How the learning rate changes from step to step (`--schedule`).
  public var schedule = ScheduleChoice.constant
  /// The first steps, in which the learning rate rises evenly (`--warmup`).
  public var warmup = 0
  /// The part of the last update that the next one keeps, or β₁ of adaptive moments (`--momentum`).
  public var momentum = 0.9
  /// The factor of the weights that is added to their gradient (`--weight-decay`).
  public var weightDecay = 0.0
  /// The largest norm that all gradients of a step together may have; without it they may have any (`--clip-norm`).
  public var clipNorm: Double?
  /// Decides the initial weights and the order of the samples (`--seed`).
  public var seed: UInt64 = 0
  /// The type of parameters, activations and gradients, and how exactly they are multiplied (`--precision`).
  public var precision = Precision.float32
  /// What computes (`--device`).
  public var device = DeviceKind.cpu
  /// Whether a last batch that is not full is left out of each epoch (`--drop-last`).
  public var dropLast = false
  /// Metrics are recorded every so many steps (`--log-every`).
  public var logEvery = 10
  /// The folder for what the run writes; without it the program chooses one (`--output`).
  public var output: String?
  /// A checkpoint is written every so many steps beside those before the first step, after each epoch, and when the run is
  /// asked to end; 0 writes those alone (`--checkpoint-every`).
  public var checkpointEvery = 0
  /// The weights of all ranks are compared every so many steps; 0 never compares (`--verify-replicas`).
  public var verifyReplicas = 0
  /// Whether the run goes on after a loss that is not finite (`--allow-nonfinite`).
  public var allowNonfinite = false
  /// Who chooses the sizes of the buckets in which gradients are all-reduced (`--buckets`).
  public var buckets = BucketChoice.automatic
  /// How gradients are all-reduced (`--collective`).
  public var collective = CollectiveChoice.shared
  /// How gradients are made smaller between nodes; without it they are not (`--compress`).
  public var compress: GradientCompression?
  /// Whether each rank keeps the optimizer's state of its part of the parameters only (`--shard-optimizer`).
  public var shardOptimizer = false
  /// Whether batch normalization takes mean and variance over the parts of all ranks, so that without ``accumulate`` the
  /// result does not depend on their number, rather than over each rank's own (`--sync-batch-norm`). With
  /// ``reproducible`` it takes them over each logical shard, which does not depend on the ranks either.
  public var syncBatchNorm = true

  /// The default run: a small convolutional network on Fashion-MNIST.
  public init() {}

  /// The default run with an optimizer and the learning rate that goes with it.
  public init(optimizer: OptimizerChoice) {
    self.optimizer = optimizer
    learningRate = optimizer.defaultLearningRate
  }

  /// How a step's samples are cut into pieces.
  public var cut: BatchCut { reproducible.map(BatchCut.logicalShards) ?? .ranks(pieces: accumulate) }

  /// Checks every value.
  /// - Throws: ``ConfigurationError`` for the first that cannot be, naming its flag, the value and what was expected.
  public func validate() throws {
    try require(
      precision != .tf32 || device == .cuda, "precision", precision.rawValue,
      "float32, float64 or bfloat16: tf32 needs --device cuda")
    try require(!data.isEmpty, "data", "empty", "a folder")
    if let imageSize {
      let sizes = ImageModel.imageSizes
      try require(
        model == .resnet18, "image-size", imageSize, "none with --model \(model.rawValue), which takes one size")
      try require(
        sizes.contains(imageSize), "image-size", imageSize, "from \(sizes.lowerBound) to \(sizes.upperBound)")
    }
    if let weights { try require(!weights.isEmpty, "weights", "empty", "a file") }
    try require(globalBatch >= 1, "global-batch", globalBatch, "at least 1")
    try require(accumulate >= 1, "accumulate", accumulate, "at least 1")
    if let reproducible {
      let isPowerOfTwo = reproducible > 0 && reproducible.nonzeroBitCount == 1
      try require(isPowerOfTwo, "reproducible", reproducible, "a power of two")
      try require(
        accumulate == 1, "accumulate", accumulate,
        "1 with --reproducible, whose shards are computed one after the other")
    }
    try require(epochs >= 1, "epochs", epochs, "at least 1")
    if let steps { try require(steps >= 1, "steps", steps, "at least 1") }
    try require(learningRate.isFinite && learningRate >= 0, "learning-rate", learningRate, "a finite number from 0")
    try require(warmup >= 0, "warmup", warmup, "at least 0")
    if let clipNorm { try require(clipNorm.isFinite && clipNorm > 0, "clip-norm", clipNorm, "a positive number") }
    try require((0..<1).contains(momentum), "momentum", momentum, "a number from 0 to below 1")
    try require(weightDecay.isFinite && weightDecay >= 0, "weight-decay", weightDecay, "a finite number from 0")
    try require(logEvery >= 1, "log-every", logEvery, "at least 1")
    if let output { try require(!output.isEmpty, "output", "empty", "a folder") }
    try require(checkpointEvery >= 0, "checkpoint-every", checkpointEvery, "at least 0")
    try require(verifyReplicas >= 0, "verify-replicas", verifyReplicas, "at least 0")
    if let compress {
      let expected = "float32 with --compress \(compress.rawValue)"
      try require(precision == .float32, "precision", precision.rawValue, expected)
      try require(
        reproducible == nil, "compress", compress.rawValue, "none with --reproducible, whose sums are exact to the bit")
    }
  }

  private func require(_ isValid: Bool, _ flag: String, _ found: Any, _ expected: String) throws {
    guard isValid else { throw ConfigurationError("--\(flag) is \(found), expected \(expected)") }
  }
}

/// A configuration that no run can have.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Which flag has which value, and what was expected.
  public let description: String

  /// An error with this message.
  public init(_ description: String) { self.description = description }
}
