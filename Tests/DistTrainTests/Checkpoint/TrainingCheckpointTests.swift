import Autograd
import Collective
import DistTrain
import Testing
import TestSupport

struct TrainingCheckpointTests {
  let folder: TemporaryFolder
  let path: String
  let run = SmallRun()

  init() throws {
    folder = try TemporaryFolder()
    path = "\(folder.path)/checkpoint"
  }

  private func checkpoint(step: Int) -> TrainingCheckpoint {
    TrainingCheckpoint(step: step, configuration: TrainingConfiguration(), sampleCount: run.sampleCount)
  }

  private func replica(momentum: Double = 0.9) throws -> Replica {
    try Replica(
      run.model(rank: 0), SGD.Options(learningRate: 0.3, momentum: momentum), communicator: LocalCommunicator())
  }

  private func makeSteps(_ steps: Range<Int>, _ replica: Replica) throws {
    var loader = run.loader(LocalCommunicator())
    for step in steps { _ = try replica.step(loader.batch(epoch: 0, step: step)) }
  }

  @Test func `parameters and momentum go on as they were`() throws {
    let first = try replica()
    try makeSteps(0..<1, first)
    try checkpoint(step: 1).write(first, to: path)
    let second = try replica()
    #expect(try TrainingCheckpoint.read(from: path, into: second, expected: checkpoint(step: 0)).step == 1)
    #expect(second.weights == first.weights)
    try makeSteps(1..<3, first)
    try makeSteps(1..<3, second)
    #expect(second.weights == first.weights)
  }

  @Test func `tensors are named after the parameters`() throws {
    let replica = try replica()
    try makeSteps(0..<1, replica)
    try checkpoint(step: 1).write(replica, to: path)
    let parameters = ["2.bias", "2.weight", "0.bias", "0.weight"]
    let file = try SafetensorsFile(path: path)
    #expect(
      Set(file.entries.map(\.name))
        == Set(
          parameters.map { "model.\($0)" } + ["optimizer.step"]
            + parameters.map { "optimizer.momentum_buffer.\($0)" }))
    #expect(file.entry("model.2.weight")?.shape == [3, 5])
    #expect(file.entry("optimizer.momentum_buffer.2.weight")?.shape == [3, 5])
    #expect(file.metadata.contains(.init("step", "1")))
  }

  @Test func `the optimizer has no arrays before the first step and without momentum`() throws {
    try checkpoint(step: 0).write(replica(), to: path)
    #expect(try SafetensorsFile(path: path).entries.count == 4)
    let replica = try replica(momentum: 0)
    try makeSteps(0..<2, replica)
    try checkpoint(step: 2).write(replica, to: path)
    #expect(
      try SafetensorsFile(path: path).entries.map(\.name).filter { !$0.hasPrefix("model.") } == ["optimizer.step"])
    #expect(try TrainingCheckpoint.read(from: path, into: replica, expected: checkpoint(step: 0)).step == 2)
  }

  @Test(arguments: ["model.0.bias", "optimizer.momentum_buffer.0.bias"])
  func `a tensor that is missing is named`(_ name: String) throws {
    let replica = try replica()
    try makeSteps(0..<1, replica)
    try checkpoint(step: 1).write(replica, to: path)
    let incomplete = try rewritten { $0.removeAll { $0.name == name } }
    let message = fileErrorMessage {
      _ = try TrainingCheckpoint.read(from: incomplete, into: replica, expected: checkpoint(step: 0))
    }
    #expect(message == "\(incomplete): has no tensor '\(name)'")
  }

  static let strangers: [(entry: Safetensors.Entry, message: String)] = [
    (.init(name: "model.9.bias", elementType: .float32, shape: [2]), "holds the tensor 'model.9.bias'"),
    (.init(name: "weights", elementType: .float32, shape: [2]), "holds the tensor 'weights'"),
    (
      .init(name: "optimizer.momentum_buffer.9.bias", elementType: .float32, shape: [2]),
      "holds the tensor 'optimizer.momentum_buffer.9.bias', which no checkpoint of this model has"
    ),
    (
      .init(name: "optimizer.speed", elementType: .float32, shape: [2]),
      "the optimizer cannot go on from (--momentum cannot change from or to 0): "
        + "the state dictionary does not fit: unexpected: 0.speed"
    ),
    (.init(name: "optimizer.", elementType: .uint8, shape: []), "unexpected: 0."),
    (.init(name: "optimizer.speed", elementType: .float16, shape: [2]), "is F16, which tensors here cannot be"),
    (
      .init(name: "optimizer.speed.0.bias", elementType: .float32, shape: [5]), "has no tensor 'optimizer.speed.2.bias'"
    ),
    (
      .init(name: "optimizer.step", elementType: .float32, shape: []),
      "0.step has shape [], float32 instead of [], int64"
    ),
    (
      .init(name: "optimizer.step", elementType: .int64, shape: [2]), "0.step has shape [2], int64 instead of [], int64"
    ),
    (.init(name: "optimizer.step", elementType: .uint8, shape: []), "0.step is 0 instead of a number of updates"),
    (
      .init(name: "optimizer.momentum_buffer.0.bias", elementType: .float32, shape: [5]),
      "tensor 'optimizer.momentum_buffer.0.bias' is F32 of shape [5], expected F64 of shape [5]"
    ),
  ]

  /// The header is a checkpoint's of this run, but one tensor, of zeros, is not.
  @Test(arguments: strangers)
  func `a tensor that does not belong is named`(_ entry: Safetensors.Entry, _ words: String) throws {
    let replica = try replica()
    try makeSteps(0..<1, replica)
    try checkpoint(step: 1).write(replica, to: path)
    let strange = try rewritten { entries in
      entries.removeAll { $0.name == entry.name }
      entries.append(entry)
    }
    let message = fileErrorMessage {
      _ = try TrainingCheckpoint.read(from: strange, into: replica, expected: checkpoint(step: 0))
    }
    #expect(message.hasPrefix("\(strange): ") && message.contains(words), "\(message)")
  }

  /// The checkpoint with other tensors: a tensor that it has keeps its elements, one that it has not is zero.
  private func rewritten(_ change: (inout [Safetensors.Entry]) -> Void) throws -> String {
    let file = try SafetensorsFile(path: path)
    var entries = file.entries
    change(&entries)
    let result = "\(folder.path)/rewritten"
    try Safetensors.write(to: result, entries: entries, metadata: file.metadata) { [entries] index, write in
      let entry = entries[index]
      if file.entry(entry.name) == entry {
        try file.bytes(entry.name).withUnsafeBytes(write)
      } else {
        try [UInt8](repeating: 0, count: entry.shape.reduce(entry.elementType.size, *)).withUnsafeBytes(write)
      }
    }
    return result
  }
}
