import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

/// `disttrain bench loader`.
struct BenchLoader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loader",
    abstract: "Measure how fast batches come from a data set: reading, decoding, changes.",
    discussion: """
      Every rank makes the batches that disttrain train with the same flags would learn from, shuffled, and does not \
      train. Ranks of two or more threads make a batch beside the step before it, which then hides what takes no longer. \
      After one batch, batches are made for the given time.
      """)

  @Option(help: "The model that the batches are for: mlp, cnn, vit or resnet18.")
  var model = TrainingConfiguration.Model.cnn
  @Option(
    help: ArgumentHelp(
      "The folder with the images, as for train. DISTTRAIN_DATA gives another default.", valueName: "folder"))
  var data = MNISTFolder.defaultPath
  @Option(
    help: ArgumentHelp(
      "Resize pictures to so many rows and columns, for resnet18. (default: those that the model is for)",
      valueName: "pixels"))
  var imageSize: Int?
  @Option(help: "Change images at random: none, shift, flip, both or crop.")
  var augment = AugmentationChoice.none
  @Option(help: ArgumentHelp("Samples of each rank's batch.", valueName: "samples"))
  var batch = 64
  @Option(help: ArgumentHelp("How long to measure.", valueName: "seconds"))
  var seconds = 5.0
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard seconds > 0 && seconds.isFinite else {
      throw ValidationError("--seconds is \(seconds), expected a number above 0")
    }
    if batch < 1 { throw ValidationError("--batch is \(batch), expected at least 1") }
    var configuration = TrainingConfiguration()
    configuration.model = model
    configuration.data = data
    configuration.imageSize = imageSize
    do { try configuration.validate() } catch let error as ConfigurationError { throw ValidationError("\(error)") }
  }

  func run() { runAsRank(collective: .mpi, measure) }

  private func measure(_ communicator: any Communicator) throws {
    let samples = try communicator.agree(on: "reading the data set") {
      let folder = ImageFolder(path: data)
      let kind = ImageModel(Workload(model), imageSize: imageSize, classNames: try folder.classNames())
      let samples = try augment.augmented(folder.images(.train, for: kind), of: kind.imageSize)
      guard batch <= samples.count / communicator.size else {
        throw ValidationError(
          "a batch of \(batch) on each of \(communicator.size) rank(s) is more than the \(samples.count) samples that there are"
        )
      }
      return samples
    }
    let shards = Shards(
      sampleCount: samples.count, globalBatch: batch * communicator.size, rank: communicator.rank,
      worldSize: communicator.size, dropLast: true)
    var loader = ShardLoader(samples, shards: shards, seed: 0)
    var count = 0
    func makeBatch() throws {
      let (epoch, step) = count.quotientAndRemainder(dividingBy: shards.stepsPerEpoch)
      _ = try loader.batch(epoch: epoch, step: step)
      count += 1
    }
    try makeBatch()
    try communicator.barrier()
    var elapsed = 0.0
    var stopwatch = Stopwatch()
    while elapsed < seconds {
      try makeBatch()
      elapsed += stopwatch.lap()
    }
    let rate = try communicator.allReduced(Double((count - 1) * batch) / elapsed, .sum)
    if communicator.rank == 0 { report(samplesPerSecond: rate, ranks: communicator.size) }
  }

  private func report(samplesPerSecond rate: Double, ranks: Int) {
    let microseconds = Double(batch * ranks) / rate * 1e6
    if json {
      let record: [JSON.Member] = [
        .init("data", .string(data)), .init("world", .integer(ranks)), .init("batch_per_rank", .integer(batch)),
        .init("threads", .integer(BLAS.threadCount)), .init("samples_per_s", .real(rate, decimals: 1)),
        .init("batch_us", .real(microseconds, decimals: 1)),
        .init("peak_memory_mib", .integer(Processor.peakMemoryByteCount >> 20)),
      ]
      print(JSON.object(record).text)
    } else {
      print(
        String(
          format: "%.1f µs a batch of %d, %.0f samples/s over %d rank(s) of %d thread(s)", microseconds, batch, rate,
          ranks, BLAS.threadCount))
    }
  }
}
