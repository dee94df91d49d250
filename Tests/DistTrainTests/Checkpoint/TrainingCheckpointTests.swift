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
    #expect(try TrainingCheckpoint.read(from: path, into: second, expected: checkpoint(step: 0)) == 1)
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
    #expect(try TrainingCheckpoint.read(from: path, into: replica, expected: checkpoint(step: 0)) == 2)
  }

  @Test(arguments: ["model.0.bias", "optimizer.momentum_buffer.0.bias"])
  func `a tensor that is missing is named`(_ name: String) throws {
    let replica = try replica()
    try makeSteps(0..<1, replica)
    try checkpoint(step: 1).write(replica, to: path)
    let file = try SafetensorsFile(path: path)
    let entries = file.entries.filter { $0.name != name }
    let incomplete = "\(folder.path)/incomplete"
    try Safetensors.write(to: incomplete, entries: entries, metadata: file.metadata) { index, write in
      try file.bytes(entries[index].name).withUnsafeBytes(write)
    }
    let message = fileErrorMessage {
      _ = try TrainingCheckpoint.read(from: incomplete, into: replica, expected: checkpoint(step: 0))
    }
    #expect(message == "\(incomplete): has no tensor '\(name)'")
  }
}
