import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

/// Runs on pictures in a folder for each class.
struct PictureTrainingTests {
  private static func job(_ augment: AugmentationChoice = .none) throws -> SmallJob {
    var job = try SmallJob()
    for name in try FileManager.default.contentsOfDirectory(atPath: job.folder.path) {
      try FileManager.default.removeItem(atPath: "\(job.folder.path)/\(name)")
    }
    try job.folder.writePictures(["train": 9, "test": 4])
    job.configuration.augment = augment
    return job
  }

  @Test(arguments: AugmentationChoice.allCases)
  func `the losses do not depend on the number of ranks, nor on an interruption`(_ augment: AugmentationChoice) throws {
    let whole = try Self.job(augment)
    let ended = try whole.run(ranks: 1)
    let losses = try whole.losses()
    #expect(losses.count == 8 && ended[0].evaluation?.count == 12)
    for ranks in 2...3 {
      let job = try Self.job(augment)
      #expect(try job.run(ranks: ranks).allSatisfy { $0.error == nil })
      #expect(largestDifference(try job.losses(), losses) < 1e-12)
    }
    let job = try Self.job(augment)
    #expect(try job.run(ranks: 1, steps: 5).allSatisfy { $0.error == nil })
    #expect(try job.run(ranks: 1, resume: true).map(\.weights) == ended.map(\.weights))
    if augment != .none {
      let plain = try Self.job()
      #expect(try plain.run(ranks: 1).allSatisfy { $0.error == nil })
      #expect(largestDifference(try plain.losses(), losses) > 1e-3)
    }
  }

  @Test func `the classes are learned`() throws {
    var job = try Self.job()
    job.configuration.epochs = 12
    let ended = try job.run(ranks: 2)
    #expect(ended[0].evaluation.map { $0.accuracy > 0.9 } == true, "\(ended)")
    let model = try ImageModel(of: SafetensorsFile(path: job.directory.model))
    #expect(model == ImageModel(.mlp, classNames: ["cat", "dog", "owl"]))
  }

  @Test func `a network for larger pictures`() throws {
    var job = try Self.job(.crop)
    job.configuration.model = .resnet18
    (job.configuration.imageSize, job.configuration.steps) = (64, 1)
    let ended = try job.run(ranks: 2)
    #expect(ended.allSatisfy { $0.error == nil && $0.weights == ended[0].weights }, "\(ended)")
    for path in [job.directory.model, job.directory.checkpoint] {
      let model = try ImageModel(of: SafetensorsFile(path: path))
      #expect(model == ImageModel(.resnet18, imageSize: 64, classNames: ["cat", "dog", "owl"]))
    }
  }

  /// Of as many classes with other names.
  @Test func `a run goes on with its classes only`() throws {
    let job = try Self.job()
    #expect(try job.run(ranks: 1, steps: 2).allSatisfy { $0.error == nil })
    for split in ["train", "test"] {
      try FileManager.default.moveItem(
        atPath: "\(job.folder.path)/\(split)/owl", toPath: "\(job.folder.path)/\(split)/yak")
    }
    let error = try #require(try job.run(ranks: 1, resume: true)[0].error)
    #expect(error.contains(#"classes ["cat","dog","owl"], this one has classes ["cat","dog","yak"]"#), "\(error)")
  }

  @Test func `a picture that cannot be read is told`() throws {
    let job = try Self.job()
    try job.folder.write(Array("P5\n9 9\n255\n".utf8), to: "train/dog/3.pgm")
    let ended = try job.run(ranks: 1)
    #expect(ended[0].error?.contains("train/dog/3.pgm: ") == true, "\(ended)")
  }

  @Test func `images of one size are not cut`() throws {
    var job = try SmallJob()
    job.configuration.augment = .crop
    let error = try #require(try job.run(ranks: 2)[0].error)
    #expect(error.contains("--augment is crop, expected none, shift, flip or both: "), "\(error)")
  }
}
