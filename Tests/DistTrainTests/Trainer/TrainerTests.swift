import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

struct TrainerTests {
  @Test(arguments: [TrainingConfiguration.Model.mlp, .cnn])
  func `the same job on any number of ranks`(_ model: TrainingConfiguration.Model) throws {
    var reference: (losses: [Double], evaluation: Evaluation)?
    for ranks in 1...4 {
      var job = try SmallJob()
      job.configuration.model = model
      let ended = try job.run(ranks: ranks)
      #expect(ended.allSatisfy { $0.error == nil && $0.weights == ended[0].weights })
      let evaluation = try #require(ended[0].evaluation)
      #expect(ended.allSatisfy { $0.evaluation == evaluation })
      #expect(evaluation.count == 13)
      let losses = try job.losses()
      #expect(losses.count == 2 * SmallJob.stepsPerEpoch)
      if let reference {
        #expect(largestDifference(losses, reference.losses) < 1e-12)
        #expect(abs(evaluation.loss - reference.evaluation.loss) < 1e-12)
        #expect(evaluation.accuracy == reference.evaluation.accuracy)
      }
      reference = reference ?? (losses, evaluation)
    }
  }

  @Test(arguments: 1...3)
  func `bfloat16 rounds the factors of products and nothing else`(_ ranks: Int) throws {
    var exact = try SmallJob()
    exact.configuration.precision = .float32
    _ = try exact.run(ranks: 1)
    var rounded = try SmallJob()
    rounded.configuration.precision = .bfloat16
    let ended = try rounded.run(ranks: ranks)
    #expect(ended.allSatisfy { $0.error == nil && $0.weights == ended[0].weights }, "\(ended)")
    let differences = zip(try exact.losses(), try rounded.losses()).map { abs($0 - $1) }
    #expect(differences.count == 12 && differences[0] > 1e-6 && differences.allSatisfy { $0 < 0.02 }, "\(differences)")
    let checkpoint = try SafetensorsFile(path: rounded.directory.checkpoint)
    #expect(checkpoint.metadata.first { $0.key == "precision" }?.value == "bfloat16")
    #expect(ProductPrecision.current == .float32)
  }

  @Test(arguments: [(1, ScheduleChoice.cosine), (3, .linear), (2, .constant)])
  func `the learning rate follows its schedule, and large gradients are clipped`(
    _ ranks: Int, _ schedule: ScheduleChoice
  ) throws {
    func job(ranks: Int, clipNorm: Double?) throws -> (rates: [Double], losses: [Double]) {
      var job = try SmallJob()
      (job.configuration.schedule, job.configuration.warmup, job.configuration.clipNorm) = (schedule, 3, clipNorm)
      let ended = try job.run(ranks: ranks)
      #expect(ended.allSatisfy { $0.error == nil && $0.weights == ended[0].weights }, "\(ended)")
      return (try MetricsHistory(path: job.directory.metrics).training.map(\.learningRate), try job.losses())
    }
    let (rates, losses) = try job(ranks: ranks, clipNorm: 0.5)
    let expected = (0..<12).map { step in
      guard step >= 3 else { return 0.05 * Double(step + 1) / 4 }
      let part = Double(step - 3) / 9
      return switch schedule {
      case .constant: 0.05
      case .linear: 0.05 * (1 - part)
      case .cosine: 0.05 * (1 + cos(.pi * part)) / 2
      }
    }
    #expect(largestDifference(rates, expected) < 1e-15, "\(rates)")
    #expect(largestDifference(losses, try job(ranks: 1, clipNorm: 0.5).losses) < 1e-12)
    #expect(largestDifference(losses, try job(ranks: 1, clipNorm: nil).losses) > 1e-3)
  }

  @Test func `after a run that stops, what is written next has a line of its own`() throws {
    var job = try SmallJob()
    job.isOnTerminal = true
    job.configuration.learningRate = 1e300
    #expect(try job.run(ranks: 1)[0].error?.hasPrefix("stopped at step ") == true)
    let shown = job.shown.texts.joined()
    #expect(shown.contains("step 1/12") && shown.hasSuffix("\n"), "\(shown)")
  }

  @Test func `a warm-up that does not end is refused before anything is written`() throws {
    var job = try SmallJob()
    (job.configuration.schedule, job.configuration.warmup) = (.linear, 12)
    let ended = try job.run(ranks: 2)
    let message = "--warmup is 12, expected fewer than the run's 12 step(s) with --schedule linear"
    #expect(ended[0].error == message, "\(ended)")
    #expect(ended[1].error != nil && !FileManager.default.fileExists(atPath: job.directory.path))
  }

  @Test(arguments: 1...3, [2, 3])
  func `batches in pieces are the same job`(_ ranks: Int, _ pieces: Int) throws {
    let whole = try SmallJob()
    #expect(try whole.run(ranks: 1).allSatisfy { $0.error == nil })
    var job = try SmallJob()
    job.configuration.accumulate = pieces
    #expect(try job.run(ranks: ranks).allSatisfy { $0.error == nil })
    #expect(largestDifference(try job.losses(), try whole.losses()) < 1e-12)
    let history = try MetricsHistory(path: job.directory.metrics)
    #expect(history.training.count == 2 * SmallJob.stepsPerEpoch && history.evaluations.map(\.step) == [6, 12])
  }

  @Test(arguments: [TrainingConfiguration.Model.mlp, .cnn], [TrainingConfiguration.Precision.float32, .float64])
  func `logical shards give the same bits on any number of ranks`(
    _ model: TrainingConfiguration.Model, _ precision: TrainingConfiguration.Precision
  ) throws {
    func made(ranks: Int) throws -> (weights: UInt64?, losses: [Double], evaluation: Evaluation?) {
      var job = try SmallJob()
      job.configuration.model = model
      job.configuration.precision = precision
      job.configuration.reproducible = 8
      let ended = try job.run(ranks: ranks, steps: 7)
      #expect(ended.allSatisfy { $0.error == nil && $0.weights == ended[0].weights })
      return (ended[0].weights, try job.losses(), ended[0].evaluation)
    }
    let one = try made(ranks: 1)
    for ranks in [2, 4, 8] { #expect(try made(ranks: ranks) == one) }
  }

  @Test func `ranks that a batch has no samples for`() throws {
    var few = try SmallJob()
    few.configuration.globalBatch = 2
    few.configuration.steps = 6
    var one = try SmallJob()
    one.configuration = few.configuration
    one.configuration.data = one.folder.path
    one.configuration.output = one.directory.path
    #expect(try few.run(ranks: 4).allSatisfy { $0.error == nil })
    #expect(try one.run(ranks: 1).allSatisfy { $0.error == nil })
    #expect(largestDifference(try few.losses(), try one.losses()) < 1e-12)
  }

  @Test func `the last batch is left out on request`() throws {
    var job = try SmallJob()
    job.configuration.dropLast = true
    #expect(try job.run(ranks: 2).allSatisfy { $0.error == nil })
    #expect(try job.losses().count == 2 * (SmallJob.stepsPerEpoch - 1))
  }

  @Test func `steps end a run inside an epoch`() throws {
    let job = try SmallJob()
    #expect(try job.run(ranks: 2, steps: 7).allSatisfy { $0.evaluation?.count == 13 })
    let history = try MetricsHistory(path: job.directory.metrics)
    #expect(history.training.map(\.epoch) == [1, 1, 1, 1, 1, 1, 2])
    #expect(history.evaluations.map(\.step) == [6, 7])
  }

  @Test func `the run directory is complete`() throws {
    let job = try SmallJob()
    #expect(try job.run(ranks: 2).allSatisfy { $0.directory == job.directory.path && $0.error == nil })
    let names = try FileManager.default.contentsOfDirectory(atPath: job.directory.path).sorted()
    #expect(
      names == [
        ".lock", "best.safetensors", "checkpoint.safetensors", "config.yaml", "curve.svg", "events.out.tfevents.000001",
        "metrics.jsonl",
        "model.safetensors",
      ])
    var configuration = TrainingConfiguration()
    try ConfigurationFile(path: job.directory.configuration).apply(to: &configuration)
    #expect(configuration == job.configuration)
    let model = try SafetensorsFile(path: job.directory.model)
    #expect(model.entries.map(\.name) == ["1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias"])
  }

  @Test(arguments: 1...3)
  func `the first model of the most right answers is kept, also where the run goes on`(_ ranks: Int) throws {
    var job = try SmallJob()
    (job.configuration.epochs, job.configuration.learningRate) = (7, 0.3)
    #expect(try job.run(ranks: ranks, steps: 6 * SmallJob.stepsPerEpoch).allSatisfy { $0.error == nil })
    #expect(try job.run(ranks: ranks, resume: true).allSatisfy { $0.error == nil })
    let evaluations = try MetricsHistory(path: job.directory.metrics).evaluations
    let best = try #require(evaluations.max { $0.accuracy < $1.accuracy })
    let first = try #require(evaluations.first { $0.accuracy == best.accuracy })
    #expect((2...5).contains(first.epoch), "\(evaluations)")
    let other = try SmallJob()
    var until = job
    until.configuration.output = other.directory.path
    #expect(try until.run(ranks: ranks, steps: first.step).allSatisfy { $0.error == nil })
    #expect(try contents(job.directory.best) == contents(other.directory.model))
  }

  @Test func `a loss that is not finite stops at its step and keeps the last checkpoint`() throws {
    var job = try SmallJob()
    job.configuration.checkpointEvery = 1
    job.configuration.learningRate = 1e150
    let ended = try job.run(ranks: 2)
    let error = try #require(ended[0].error)
    #expect(error.hasPrefix("stopped at step "))
    #expect(error.contains("(epoch 1): the training loss on rank "))
    #expect(ended[1].error == error)
    let step = try #require(error.dropFirst("stopped at step ".count).split(separator: " ").first.flatMap { Int($0) })
    let checkpoint = try SafetensorsFile(path: job.directory.checkpoint)
    #expect(checkpoint.metadata.contains(.init("step", "\(step - 1)")))
  }

  @Test func `epochs without number are cut by the steps`() throws {
    var job = try SmallJob()
    job.configuration.epochs = .max
    #expect(try job.run(ranks: 2, steps: 2).allSatisfy { $0.error == nil })
    #expect(try job.losses().count == 2)
  }

  static let refusals: [(change: @Sendable (inout SmallJob) throws -> Void, message: String)] = [
    ({ $0.configuration.globalBatch = 0 }, "--global-batch is 0, expected at least 1"),
    (
      { $0.configuration.reproducible = 8 },
      "--reproducible 8 on 3 ranks: the number of ranks must divide that of the shards, as 1, 2, 4, 8 do"
    ),
    (
      { $0.configuration.accumulate = 9 },
      "--accumulate is 9 for steps of 8 samples, expected at most as many"
    ),
    (
      { $0.configuration.reproducible = 1 << 62 },
      "--reproducible is 4611686018427387904 for steps of 8 samples, expected less than twice as many"
    ),
    ({ $0.configuration.data += "/none" }, "/none: there is no such folder to hold train-images-idx3-ubyte.gz"),
    (
      { try $0.folder.writeImages(training: 2, test: 13) },
      ": 3 ranks for 2 training samples: use at most one rank a sample"
    ),
    (
      { try $0.folder.writeImages(training: 44, test: 13, firstLabel: 10) },
      "train-labels-idx1-ubyte: label 0 is 10, expected a class from 0 to 9"
    ),
    (
      {
        try $0.folder.write(
          idx(shape: [44, 7, 112], elements: Array(repeating: 0, count: 44 * 784)),
          to: "train-images-idx3-ubyte")
      },
      ": the images are 1×7×112, expected 1×28×28"
    ),
    (
      {
        try $0.folder.write(
          idx(shape: [13, 7, 112], elements: Array(repeating: 0, count: 13 * 784)),
          to: "t10k-images-idx3-ubyte")
      },
      ": the images are 1×7×112, expected 1×28×28"
    ),
    (
      {
        $0.configuration.dropLast = true; $0.configuration.globalBatch = 45
      },
      "44 training samples make no full batch of 45, and --drop-last leaves out others"
    ),
  ]

  @Test(arguments: refusals.indices)
  func `what cannot be trained is refused by one rank`(_ index: Int) throws {
    let (change, message) = Self.refusals[index]
    var job = try SmallJob()
    try change(&job)
    let errors = try job.run(ranks: 3).map(\.error)
    #expect(errors[0]?.contains(message) == true, "\(errors)")
    for other in errors.dropFirst() { #expect(other?.hasPrefix("rank 0 failed while ") == true, "\(errors)") }
    #expect(!FileManager.default.fileExists(atPath: job.directory.path))
  }
}
