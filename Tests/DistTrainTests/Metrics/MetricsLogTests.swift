import DistTrain
import Testing
import TestSupport

struct MetricsLogTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = "\(folder.path)/metrics.jsonl"
  }

  func training(_ step: Int, loss: Double = 0.1) -> TrainingRecord {
    TrainingRecord(
      step: step, epoch: 1, loss: loss, learningRate: 0.05, samplesPerSecond: 21_530.25,
      seconds: .init(data: 0.001, forward: 0.002, backward: 1e-20, communication: 0, optimizer: 1 / 3))
  }

  func evaluation(_ step: Int) -> EvaluationRecord {
    EvaluationRecord(step: step, epoch: 1, split: "test", loss: 0.5, accuracy: 0.9, count: 10_000)
  }

  func text() throws -> String { String(decoding: try contents(path), as: UTF8.self) }

  @Test func writesOneObjectALineInAFixedOrder() throws {
    let log = try MetricsLog(path: path)
    try log.write(training(1))
    try log.write(training(2, loss: .nan))
    try log.write(evaluation(2))
    let start = #"{"kind":"training","step":1,"epoch":1,"loss":0.1,"learningRate":0.05,"samplesPerSecond":21530.25,"#
    let seconds =
      #""seconds":{"data":0.001,"forward":0.002,"backward":1e-20,"communication":0.0,"optimizer":0.3333333333333333}}"#
    let lines = try text().split(separator: "\n")
    #expect(try text().hasSuffix("\n") && lines.count == 3)
    #expect(lines[0] == start + seconds)
    #expect(lines[1].contains(#""loss":null,"#))
    #expect(
      lines[2] == #"{"kind":"evaluation","step":2,"epoch":1,"split":"test","loss":0.5,"accuracy":0.9,"count":10000}"#)
  }

  @Test func readsBackWhatItWrote() throws {
    let log = try MetricsLog(path: path)
    for step in 1...3 { try log.write(training(step, loss: 1 / Double(step))) }
    try log.write(evaluation(3))
    let history = try MetricsHistory(path: path)
    #expect(history.training == (1...3).map { training($0, loss: 1 / Double($0)) })
    #expect(history.evaluations == [evaluation(3)])
    #expect(try MetricsHistory(path: path, through: 2).training.map(\.step) == [1, 2])
    try log.write(training(4, loss: .infinity))
    #expect(try MetricsHistory(path: path).training.last?.loss.isNaN == true)
  }

  @Test func `the norm of the gradients is there where it has a limit`() throws {
    let log = try MetricsLog(path: path)
    var record = training(1)
    record.gradientNorm = 2.5
    try log.write(record)
    #expect(try text().contains(#""learningRate":0.05,"gradientNorm":2.5,"samplesPerSecond":"#))
    #expect(try MetricsHistory(path: path).training == [record])
  }

  @Test func aNewLogReplacesAnOldOne() throws {
    try MetricsLog(path: path).write(training(1))
    try MetricsLog(path: path).write(training(2))
    #expect(try MetricsHistory(path: path).training.map(\.step) == [2])
  }

  @Test func resumingDropsLaterRecordsAndATornLine() throws {
    let log = try MetricsLog(path: path)
    for step in 1...4 { try log.write(training(step)) }
    try log.write(evaluation(4))
    let kept = try text().split(separator: "\n", omittingEmptySubsequences: false)[..<2].joined(separator: "\n") + "\n"
    try folder.write(contents(path) + Array(#"{"kind":"training","st"#.utf8), to: "metrics.jsonl")
    // Of a run that is going on.
    #expect(try MetricsHistory(path: path).training.count == 4)

    let resumed = try MetricsLog(path: path, resumingAfter: 2)
    #expect(try text() == kept && resumed.damage == nil)
    try resumed.write(training(3, loss: 9))
    #expect(try MetricsHistory(path: path).training.map(\.loss) == [0.1, 0.1, 9])
  }

  @Test func namesTheLineThatIsNoRecord() throws {
    try folder.write(Array("{\"step\":1}\n".utf8), to: "metrics.jsonl")
    #expect(
      fileErrorMessage { _ = try MetricsHistory(path: path) }
        == "\(path): line 1 is neither a training nor an evaluation record")
    try folder.write(Array("{}\n".utf8), to: "metrics.jsonl")
    #expect(fileErrorMessage { _ = try MetricsHistory(path: path) } == "\(path): line 1 has no step")
  }

  @Test(arguments: [
    ("{", "is not valid JSON: expected '\"' at byte 1"), ("\0\0\0", "is not valid JSON: expected a value at byte 0"),
    ("{}", "has no step"), (#"{"step":1}"#, "is neither a training nor an evaluation record"),
    (
      #"{"kind":"evaluation","step":1,"epoch":1,"split":"test","loss":1,"accuracy":1e300,"count":3}"#,
      "is neither a training nor an evaluation record"
    ),
  ])
  func resumingLeavesOutWhatIsNoRecord(_ line: String, _ reason: String) throws {
    let log = try MetricsLog(path: path)
    try log.write(training(1))
    let first = try contents(path)
    try log.write(training(2))
    let second = try contents(path)[first.count...]
    try folder.write(first + Array("\(line)\n".utf8) + second, to: "metrics.jsonl")
    let resumed = try MetricsLog(path: path, resumingAfter: 2)
    #expect(resumed.damage == FileError(path, "what is no record is left out: line 2 \(reason)"))
    #expect(try contents(path) == first + second)
  }

  @Test func resumingWithoutAFileBeginsOne() throws {
    let log = try MetricsLog(path: path, resumingAfter: 2)
    #expect(log.damage == FileError(path, "the metrics of the steps so far are missing"))
    try log.write(training(3))
    #expect(try MetricsHistory(path: path).training.map(\.step) == [3])
  }

  @Test func namesAFolderThatIsMissing() {
    let missing = "\(folder.path)/none/metrics.jsonl"
    #expect(
      fileErrorMessage { _ = try MetricsLog(path: missing) } == "\(missing): cannot write: No such file or directory")
  }
}
