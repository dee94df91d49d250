import Autograd
import DistTrain
import Testing
import TestSupport

/// Runs on changed images, and of the residual network.
struct ImageTrainingTests {
  private static func augmented() throws -> SmallJob {
    var job = try SmallJob()
    job.configuration.augment = .both
    return job
  }

  @Test func `changed images are the same on any number of ranks, and after an interruption`() throws {
    let plain = try SmallJob()
    #expect(try plain.run(ranks: 1).allSatisfy { $0.error == nil })
    let whole = try Self.augmented()
    let ended = try whole.run(ranks: 1)
    let losses = try whole.losses()
    #expect(largestDifference(losses, try plain.losses()) > 1e-2)
    for ranks in 2...4 {
      let job = try Self.augmented()
      #expect(try job.run(ranks: ranks).allSatisfy { $0.error == nil })
      #expect(largestDifference(try job.losses(), losses) < 1e-12)
    }
    let job = try Self.augmented()
    #expect(try job.run(ranks: 1, steps: 8).allSatisfy { $0.error == nil })
    #expect(try job.run(ranks: 1, resume: true).map(\.weights) == ended.map(\.weights))
    #expect(try job.losses() == losses)
  }

  private static func residual() throws -> SmallJob {
    var job = try SmallJob()
    try job.folder.writeColorImages(training: 10, test: 3)
    job.configuration.model = .resnet18
    (job.configuration.globalBatch, job.configuration.epochs) = (6, 1)
    return job
  }

  /// The second batch has 4 samples, so that of three ranks one has more than the others.
  @Test func `batch normalization over all ranks gives the losses of one`() throws {
    let alone = try Self.residual()
    #expect(try alone.run(ranks: 1).allSatisfy { $0.error == nil })
    let losses = try alone.losses()
    #expect(losses.count == 2)
    for ranks in 2...3 {
      let job = try Self.residual()
      let ended = try job.run(ranks: ranks)
      #expect(ended.allSatisfy { $0.error == nil && $0.weights == ended[0].weights }, "\(ended)")
      #expect(largestDifference(try job.losses(), losses) < 1e-9)
    }
    var apart = try Self.residual()
    apart.configuration.syncBatchNorm = false
    #expect(try apart.run(ranks: 2).allSatisfy { $0.error == nil })
    #expect(largestDifference(try apart.losses(), losses) > 1e-3)
  }

  /// The last batch of 4 leaves the third piece of all ranks empty.
  @Test(arguments: 2...3)
  func `pieces that are empty everywhere leave the weights whole`(_ ranks: Int) throws {
    var job = try Self.residual()
    job.configuration.accumulate = 4
    let ended = try job.run(ranks: ranks)
    #expect(ended.allSatisfy { $0.error == nil && $0.weights == ended[0].weights }, "\(ended)")
    #expect(ended[0].evaluation?.loss.isFinite == true, "\(ended)")
    let checkpoint = try SafetensorsFile(path: job.directory.checkpoint)
    for entry in checkpoint.entries where entry.elementType == .float64 {
      #expect(try TensorFile.read(entry.name, from: checkpoint).array(of: Double.self).allSatisfy(\.isFinite))
    }
  }

  @Test func `logical shards have statistics of their own`() throws {
    let weights = try (1...2).map { ranks in
      var job = try Self.residual()
      job.configuration.reproducible = 2
      let ended = try job.run(ranks: ranks)
      #expect(ended.allSatisfy { $0.error == nil }, "\(ended)")
      return ended[0].weights
    }
    #expect(weights[0] == weights[1])
  }

  @Test func `a model does not take images of another's size`() throws {
    var job = try SmallJob()
    job.configuration.model = .resnet18
    let ended = try job.run(ranks: 2)
    #expect(ended[0].error?.contains(": the images are 1×28×28, expected 3×32×32 for resnet18") == true, "\(ended)")
  }
}
