import DistTrain
import Foundation
import Testing
import TestSupport

struct ResumeTests {
  /// Inside the first epoch, at its end, and inside the second.
  @Test(arguments: [4, 6, 9], 1...3)
  func `a run that goes on ends with the bits of one that was not interrupted`(_ stop: Int, _ ranks: Int) throws {
    func job() throws -> SmallJob {
      var job = try SmallJob()
      (job.configuration.warmup, job.configuration.clipNorm) = (7, 0.5)
      return job
    }
    let (whole, job) = (try job(), try job())
    let uninterrupted = try whole.run(ranks: ranks)
    #expect(try job.run(ranks: ranks, steps: stop).allSatisfy { $0.error == nil })
    let resumed = try job.run(ranks: ranks, resume: true)
    #expect(resumed.map(\.weights) == uninterrupted.map(\.weights))
    #expect(resumed.map(\.evaluation) == uninterrupted.map(\.evaluation))
    #expect(try job.losses() == whole.losses())
  }

  @Test(arguments: [(1, 3), (3, 1), (2, 4)])
  func `a run goes on with another number of ranks`(_ before: Int, _ after: Int) throws {
    let whole = try SmallJob()
    #expect(try whole.run(ranks: 1).allSatisfy { $0.error == nil })
    let job = try SmallJob()
    #expect(try job.run(ranks: before, steps: 8).allSatisfy { $0.error == nil })
    #expect(try job.run(ranks: after, resume: true).allSatisfy { $0.error == nil })
    #expect(largestDifference(try job.losses(), try whole.losses()) < 1e-12)
  }

  @Test(arguments: [(1, 4), (8, 2), (4, 1)])
  func `a run of logical shards goes on with another number of ranks and the same bits`(
    _ before: Int, _ after: Int
  ) throws {
    var whole = try SmallJob()
    whole.configuration.reproducible = 8
    whole.configuration.precision = .float32
    let uninterrupted = try whole.run(ranks: 2)
    var job = try SmallJob()
    job.configuration.reproducible = 8
    job.configuration.precision = .float32
    #expect(try job.run(ranks: before, steps: 8).allSatisfy { $0.error == nil })
    let resumed = try job.run(ranks: after, resume: true)
    #expect(resumed[0].weights == uninterrupted[0].weights && resumed[0].error == nil)
    #expect(resumed[0].evaluation == uninterrupted[0].evaluation)
    #expect(try job.losses() == whole.losses())
  }

  /// A run that died after its last checkpoint makes the steps since then again.
  @Test func `records after the checkpoint are replaced`() throws {
    let job = try SmallJob()
    #expect(try job.run(ranks: 2, steps: 5).allSatisfy { $0.error == nil })
    let checkpoint = try contents(job.directory.checkpoint)
    #expect(try job.run(ranks: 2, steps: 10, resume: true).allSatisfy { $0.error == nil })
    let losses = try job.losses()
    try Data(checkpoint).write(to: URL(filePath: job.directory.checkpoint))
    #expect(try job.run(ranks: 2, steps: 10, resume: true).allSatisfy { $0.error == nil })
    #expect(try job.losses() == losses)
  }

  @Test(arguments: [(nil, 12, "--epochs is 2"), (3, 3, "--steps is 3")])
  func `a complete run is evaluated again, and nothing more`(_ steps: Int?, _ made: Int, _ limit: String) throws {
    let job = try SmallJob()
    let first = try job.run(ranks: 2, steps: steps)
    #expect(!job.shown.texts.joined().contains("nothing is left to do"))
    let losses = try job.losses()
    let second = try job.run(ranks: 2, steps: steps, resume: true)
    let shown = job.shown.texts.joined()
    #expect(shown.contains("step \(made) of \(made): nothing is left to do, for \(limit)\n"), "\(shown)")
    #expect(second.map(\.weights) == first.map(\.weights))
    #expect(second.map(\.evaluation) == first.map(\.evaluation))
    #expect(try job.losses() == losses)
  }

  static let refusals: [(change: @Sendable (inout SmallJob) throws -> Void, message: String)] = [
    ({ $0.configuration.model = .cnn }, "is of a run with model mlp, this one has model cnn"),
    ({ $0.configuration.seed = 1 }, "is of a run with seed 0, this one has seed 1"),
    ({ $0.configuration.precision = .float32 }, "is of a run with precision float64, this one has precision float32"),
    ({ $0.configuration.precision = .bfloat16 }, "is of a run with precision float64, this one has precision bfloat16"),
    ({ $0.configuration.globalBatch = 4 }, "is of a run with global-batch 8, this one has global-batch 4"),
    (
      { $0.configuration.steps = 4 },
      "checkpoint.safetensors: is from after step 5, and this run would end after step 4: raise --steps or --epochs"
    ),
    ({ $0.configuration.reproducible = 2 }, "is of a run with reproducible missing, this one has reproducible 2"),
    (
      { try $0.addToCheckpoint("reproducible", "4") },
      "is of a run with reproducible 4, this one has reproducible missing"
    ),
    ({ $0.configuration.dropLast = true }, "is of a run with drop-last false, this one has drop-last true"),
    ({ try $0.folder.writeImages(training: 45, test: 13) }, "is of a run with samples 44, this one has samples 45"),
    ({ try $0.truncateCheckpoint() }, "checkpoint.safetensors: is truncated"),
    ({ try $0.folder.write([1, 2, 3], to: "run/checkpoint.safetensors") }, "is not a safetensors file"),
    (
      { try $0.replaceCheckpoint(with: $0.directory.model) },
      "checkpoint.safetensors: is not a checkpoint of disttrain"
    ),
    ({ try $0.reshapeCheckpoint() }, "tensor 'model.5.bias' is F64 of shape [2, 5], expected F64 of shape [10]"),
    (
      { try FileManager.default.removeItem(atPath: $0.directory.checkpoint) },
      "/run: holds a run without its checkpoint: start it anew in another folder, without --resume"
    ),
    (
      {
        try FileManager.default.removeItem(atPath: $0.directory.path + "/checkpoint.safetensors")
        try FileManager.default.removeItem(atPath: $0.directory.configuration)
        try FileManager.default.removeItem(atPath: $0.directory.metrics)
      }, "/run: holds no run to resume"
    ),
  ]

  @Test(arguments: refusals.indices)
  func `what is not this run's checkpoint is refused, and nothing is lost`(_ index: Int) throws {
    let (change, message) = Self.refusals[index]
    var job = try SmallJob()
    #expect(try job.run(ranks: 2, steps: 5).allSatisfy { $0.error == nil })
    try change(&job)
    let files = try job.files()
    let errors = try job.run(ranks: 2, resume: true).map(\.error)
    #expect(errors[0]?.contains(message) == true, "\(errors)")
    #expect(errors[1]?.hasPrefix("rank 0 failed while ") == true, "\(errors)")
    #expect(try job.files() == files)
  }

  @Test func `without an output folder there must be a run to go on with`() throws {
    let folder = try TemporaryFolder()
    let runs = "\(folder.path)/runs"
    let message = fileErrorMessage { _ = try RunDirectory.latest(named: "mlp", in: runs) }
    #expect(message.contains("there is no run with a checkpoint to resume; name its folder with --output"))
    for name in ["mlp", "mlp-2", "mlp-3"] {
      try FileManager.default.createDirectory(atPath: "\(runs)/\(name)", withIntermediateDirectories: true)
      if name != "mlp-3" { try folder.write([1], to: "runs/\(name)/checkpoint.safetensors") }
    }
    let earlier = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: -60)]
    try FileManager.default.setAttributes(earlier, ofItemAtPath: "\(runs)/mlp/checkpoint.safetensors")
    #expect(try RunDirectory.latest(named: "mlp", in: runs).path == "\(runs)/mlp-2")
    // A number is used again where its folder was removed, and another model's name may begin the same.
    try FileManager.default.removeItem(atPath: "\(runs)/mlp")
    for name in ["mlp", "mlp-wide"] {
      try FileManager.default.createDirectory(atPath: "\(runs)/\(name)", withIntermediateDirectories: true)
      try folder.write([1], to: "runs/\(name)/checkpoint.safetensors")
    }
    try FileManager.default.setAttributes(earlier, ofItemAtPath: "\(runs)/mlp-2/checkpoint.safetensors")
    #expect(try RunDirectory.latest(named: "mlp", in: runs).path == "\(runs)/mlp")
  }
}

extension SmallJob {
  /// The bytes of every file of the run, by name.
  fileprivate func files() throws -> [String: [UInt8]] {
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try contents("\(directory.path)/\($0)")) })
  }

  fileprivate func truncateCheckpoint() throws {
    let bytes = try contents(directory.checkpoint)
    try folder.write(Array(bytes.dropLast(100)), to: "run/checkpoint.safetensors")
  }

  fileprivate func replaceCheckpoint(with path: String) throws {
    try folder.write(contents(path), to: "run/checkpoint.safetensors")
  }

  /// Writes the checkpoint with one tensor in another shape of as many elements.
  fileprivate func reshapeCheckpoint() throws {
    try rewriteCheckpoint { entry in
      let shape = entry.name == "model.5.bias" ? [2, 5] : entry.shape
      return Safetensors.Entry(name: entry.name, elementType: entry.elementType, shape: shape)
    }
  }

  /// Writes the checkpoint with one more text of what must be the same.
  fileprivate func addToCheckpoint(_ key: String, _ value: String) throws {
    try rewriteCheckpoint(with: [Safetensors.Metadata(key, value)])
  }

  private func rewriteCheckpoint(
    with metadata: [Safetensors.Metadata] = [], _ changed: (Safetensors.Entry) -> Safetensors.Entry = { $0 }
  ) throws {
    let file = try SafetensorsFile(path: directory.checkpoint)
    let entries = file.entries.map(changed)
    let path = "\(folder.path)/rewritten"
    try Safetensors.write(to: path, entries: entries, metadata: file.metadata + metadata) { index, write in
      try file.bytes(entries[index].name).withUnsafeBytes(write)
    }
    try replaceCheckpoint(with: path)
  }
}
