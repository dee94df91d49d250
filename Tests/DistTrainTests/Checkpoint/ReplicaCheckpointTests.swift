import Autograd
import Collective
import DistTrain
import Testing
import TestSupport

struct ReplicaCheckpointTests {
  let folder: TemporaryFolder
  let path: String
  let run = SmallRun()

  init() throws {
    folder = try TemporaryFolder()
    path = "\(folder.path)/checkpoint"
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
    try first.writeCheckpoint(to: path)
    let second = try replica()
    try second.resume(from: path)
    #expect(second.stepCount == 1)
    #expect(second.weights == first.weights)
    try makeSteps(1..<3, first)
    try makeSteps(1..<3, second)
    #expect(second.weights == first.weights)
  }

  @Test(arguments: [false, true]) func `moments and the number of steps go on as they were`(_ sharded: Bool) throws {
    func check<Rule: UpdateRule>(_ rule: Rule) throws {
      let ended = try ThreadCommunicator.run(size: 2) { communicator in
        func replica() throws -> Replica {
          try Replica(run.model(rank: 0), rule, communicator: communicator, shardsOptimizer: sharded)
        }
        func makeSteps(_ steps: Range<Int>, _ replica: Replica) throws {
          var loader = run.loader(communicator)
          for step in steps {
            let (epoch, position) = step.quotientAndRemainder(dividingBy: loader.shards.stepsPerEpoch)
            _ = try replica.step(loader.batch(epoch: epoch, step: position))
          }
        }
        let (first, second) = (try replica(), try replica())
        try makeSteps(0..<3, first)
        try first.writeCheckpoint(to: path)
        try second.resume(from: path)
        for replica in [first, second] { try makeSteps(3..<8, replica) }
        return (first.weights, second.weights)
      }
      for (first, second) in ended { #expect(first == second, "\(rule)") }
    }
    try check(NAdam.Options(learningRate: 0.01))
    try check(RAdam.Options(learningRate: 0.01))
  }

  @Test func `tensors are named after the parameters`() throws {
    let replica = try replica()
    try makeSteps(0..<1, replica)
    try replica.writeCheckpoint(to: path)
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
    try replica().writeCheckpoint(to: path)
    #expect(try SafetensorsFile(path: path).entries.count == 4)
    let replica = try replica(momentum: 0)
    try makeSteps(0..<2, replica)
    try replica.writeCheckpoint(to: path)
    #expect(
      try SafetensorsFile(path: path).entries.map(\.name).filter { !$0.hasPrefix("model.") } == ["optimizer.step"])
    try makeSteps(0..<1, replica)
    try replica.resume(from: path)
    #expect(replica.stepCount == 2)
  }

  @Test(arguments: ["model.0.bias", "optimizer.momentum_buffer.0.bias"])
  func `a tensor that is missing is named`(_ name: String) throws {
    let replica = try replica()
    try makeSteps(0..<1, replica)
    try replica.writeCheckpoint(to: path)
    let incomplete = try rewritten { $0.removeAll { $0.name == name } }
    let message = fileErrorMessage { try replica.resume(from: incomplete) }
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
      "the optimizer cannot go on from (neither can the optimizer change, nor momentum from or to 0): "
        + "the state dictionary does not fit: unexpected: 0.speed"
    ),
    (.init(name: "optimizer.", elementType: .uint8, shape: []), "unexpected: 0."),
    (.init(name: "optimizer.speed", elementType: .float16, shape: [2]), "unexpected: 0.speed"),
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
    try replica.writeCheckpoint(to: path)
    let strange = try rewritten { entries in
      entries.removeAll { $0.name == entry.name }
      entries.append(entry)
    }
    try makeSteps(1..<2, replica)
    let before = replica.weights
    let message = fileErrorMessage { try replica.resume(from: strange) }
    #expect(replica.weights == before && replica.stepCount == 2)
    #expect(message.hasPrefix("\(strange): ") && message.contains(words), "\(message)")
  }

  @Test func `a run of another identity is refused`() throws {
    let replica = try replica()
    try replica.writeCheckpoint(to: path, identity: [("data", "spiral"), ("samples", "22")])
    try replica.resume(from: path, identity: [("samples", "22"), ("data", "spiral")])
    for (identity, difference) in [
      ([("samples", "23"), ("data", "spiral")], "samples 22, this one has samples 23"),
      ([("fold", "1"), ("samples", "22")], "fold missing, this one has fold 1"),
      ([("samples", "22")], "data spiral, this one has data missing"),
    ] {
      #expect(
        fileErrorMessage { try replica.resume(from: path, identity: identity.map { (key: $0, value: $1) }) }
          == "\(path): is of a run with \(difference): they cannot be joined")
    }
  }

  @Test func `what a program keeps is in the file`() throws {
    let replica = try replica()
    var plateau = ReduceLROnPlateau(patience: 1)
    _ = plateau.learningRate(after: .infinity, from: 0.1)
    _ = plateau.learningRate(after: .nan, from: 0.1)
    try replica.writeCheckpoint(to: path, identity: [("data", "spiral")], state: plateau)
    let text = try SafetensorsFile(path: path).metadata.first { $0.key == "program-state" }?.value
    try replica.writeCheckpoint(to: path, identity: [("data", "spiral")], state: plateau)
    #expect(try SafetensorsFile(path: path).metadata.first { $0.key == "program-state" }?.value == text)
    #expect(
      try replica.resume(from: path, identity: [("data", "spiral")], state: ReduceLROnPlateau.self) == plateau)
    try replica.resume(from: path, identity: [("data", "spiral")])
    try replica.writeCheckpoint(to: path, state: [Double.infinity, -.infinity, .nan])
    let numbers = try replica.resume(from: path, state: [Double].self)
    #expect(numbers[0] == .infinity && numbers[1] == -.infinity && numbers[2].isNaN)
  }

  @Test func `a file without what the program keeps is refused`() throws {
    let replica = try replica()
    try replica.writeCheckpoint(to: path)
    try makeSteps(0..<1, replica)
    #expect(
      fileErrorMessage { _ = try replica.resume(from: path, state: ReduceLROnPlateau.self) }
        == "\(path): holds no state of a program, expected ReduceLROnPlateau")
    #expect(replica.stepCount == 1)
    try replica.writeCheckpoint(to: path, state: ["epoch": 3])
    for text in ["[", "", "{\"factor\": 2}"] {
      let strange = try rewritten(metadata: { metadata in
        metadata.removeAll { $0.key == "program-state" }
        metadata.append(.init("program-state", text))
      })
      let message = fileErrorMessage { _ = try replica.resume(from: strange, state: ReduceLROnPlateau.self) }
      #expect(message.hasPrefix("\(strange): holds a state of a program that is no ReduceLROnPlateau: "))
    }
    #expect(throws: EncodingError.self) { try replica.writeCheckpoint(to: path, state: Unwritable()) }
    #expect(try replica.resume(from: path, state: [String: Int].self) == ["epoch": 3])
  }

  private struct Unwritable: Encodable {
    func encode(to encoder: any Encoder) throws {
      throw EncodingError.invalidValue(self, EncodingError.Context(codingPath: [], debugDescription: "never"))
    }
  }

  @Test func `tensors of the program are in the file`() throws {
    let replica = try replica()
    let kept = [(name: "mean", tensor: Tensor([1.0, 2.0])), (name: "step", tensor: Tensor([3, 4]))]
    try replica.writeCheckpoint(to: path, state: ["epoch": 3], tensors: kept)
    #expect(try SafetensorsFile(path: path).entry("program.mean")?.shape == [2])
    try makeSteps(0..<1, replica)
    let read = [(name: "step", tensor: Tensor.zeros([2], dtype: .int64)), (name: "mean", tensor: Tensor.zeros([2]))]
    #expect(try replica.resume(from: path, state: [String: Int].self, tensors: read) == ["epoch": 3])
    #expect(read[0].tensor.array(of: Int.self) == [3, 4] && read[1].tensor.array(of: Float.self) == [1, 2])
    #expect(replica.stepCount == 0)
    try makeSteps(0..<1, replica)
    try replica.resume(from: path)
    #expect(replica.stepCount == 0)
  }

  @Test func `tensors of the program that do not fit are named, and nothing is changed`() throws {
    let replica = try replica()
    try replica.writeCheckpoint(to: path, tensors: [("a", Tensor([1.0, 2.0])), ("b", Tensor([1.0]))])
    try makeSteps(0..<1, replica)
    let before = replica.weights
    for (name, tensor, words) in [
      ("c", Tensor([5.0]), "has no tensor 'program.c'"),
      ("b", Tensor([5.0, 6.0]), "tensor 'program.b' is F32 of shape [1], expected F32 of shape [2]"),
      ("b", Tensor([5]), "tensor 'program.b' is F32 of shape [1], expected I64 of shape [1]"),
    ] {
      let first = Tensor([7.0, 8.0])
      #expect(
        fileErrorMessage { try replica.resume(from: path, tensors: [("a", first), (name, tensor)]) }
          == "\(path): \(words)")
      #expect(first.array(of: Float.self) == [7, 8] && tensor.array(of: Float.self)[0] == 5)
      #expect(replica.weights == before && replica.stepCount == 1)
    }
    let stranger = try rewritten { $0.append(.init(name: "programs.a", elementType: .float32, shape: [2])) }
    #expect(fileErrorMessage { try replica.resume(from: stranger) }.contains("holds the tensor 'programs.a'"))
  }

  @Test func `an average of a negative number of updates is refused, and nothing is changed`() throws {
    let replica = try replica()
    let average = WeightAverage(of: replica.model, .equal)
    let state = average.stateDictionary()
    try replica.writeCheckpoint(
      to: path, tensors: state.map { ($0.name, $0.name == "n_averaged" ? Tensor(-5) : $0.tensor) })
    try makeSteps(0..<1, replica)
    let before = replica.weights
    #expect(
      fileErrorMessage { try replica.resume(from: path, tensors: state) }
        == "\(path): tensor 'program.n_averaged' cannot be read: n_averaged is -5, expected a number of updates")
    #expect(replica.weights == before && replica.stepCount == 1 && average.updateCount == 0)
    average.update()
  }

  @Test(
    arguments: [
      ("format", nil), ("format", "disttrain-0"), ("step", nil), ("step", "-1"), ("step", "9007199254740992"),
      ("random-seed", "-1"), ("random-seed", ""),
    ])
  func `a file without what a checkpoint tells of itself is none`(_ key: String, _ value: String?) throws {
    let replica = try replica()
    try replica.writeCheckpoint(to: path)
    let strange = try rewritten(metadata: { metadata in
      metadata.removeAll { $0.key == key }
      if let value { metadata.append(.init(key, value)) }
    })
    #expect(
      fileErrorMessage { try replica.resume(from: strange) }
        == "\(strange): is not a checkpoint of disttrain: expected as metadata the format 'disttrain-1', a step and a "
        + "random-seed")
  }

  /// As the command line wrote them before, which has the seed among what must be the same.
  @Test func `a file without a seed goes on with the program's`() throws {
    let replica = try replica()
    try makeSteps(0..<1, replica)
    try replica.writeCheckpoint(to: path)
    try makeSteps(1..<2, replica)
    try replica.resume(from: rewritten(metadata: { $0.removeAll { $0.key == "random-seed" } }))
    #expect(replica.stepCount == 1)
  }

  @Test func `a file without anything of the optimizer is refused after the first step`() throws {
    let replica = try replica()
    try makeSteps(0..<2, replica)
    try replica.writeCheckpoint(to: path)
    let bare = try rewritten { $0.removeAll { $0.name.hasPrefix("optimizer.") } }
    #expect(
      fileErrorMessage { try replica.resume(from: bare) }
        == "\(bare): holds nothing of what the optimizer kept after 2 steps")
  }

  @Test func `a checkpoint in the middle of a step traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let run = SmallRun()
      let replica = try Replica(run.model(rank: 0), SmallRun.options, communicator: LocalCommunicator())
      var loader = run.loader(LocalCommunicator())
      try replica.accumulate(loader.batch(epoch: 0, step: 0))
      try replica.writeCheckpoint(to: "/nowhere/checkpoint")
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("a checkpoint in the middle of a step"), "\(message.prefix(400))")
  }

  /// The checkpoint with other tensors: a tensor that it has keeps its elements, one that it has not is zero.
  private func rewritten(
    tensors change: (inout [Safetensors.Entry]) -> Void = { _ in },
    metadata changeMetadata: (inout [Safetensors.Metadata]) -> Void = { _ in }
  ) throws -> String {
    let file = try SafetensorsFile(path: path)
    var (entries, metadata) = (file.entries, file.metadata)
    changeMetadata(&metadata)
    change(&entries)
    let result = "\(folder.path)/rewritten"
    try Safetensors.write(to: result, entries: entries, metadata: metadata) { [entries] index, write in
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
