/// The records of a run so far, in the order in which they were made.
public struct MetricsHistory: Equatable, Sendable {
  /// The training steps that were recorded.
  public var training: [TrainingRecord] = []
  /// The evaluations.
  public var evaluations: [EvaluationRecord] = []

  /// A run without records.
  public init() {}

  /// Reads the records of a metrics file up to a step.
  ///
  /// A last line without its end, left by a process that died while writing, is not a record.
  /// - Parameters:
  ///   - path: The file, one JSON object a line.
  ///   - step: Records of later steps are left out.
  /// - Throws: ``FileError`` where the file cannot be read or a line is not a record, with the number of the line.
  public init(path: String, through step: Int = .max) throws {
    for line in try Self.lines(path: path) {
      switch try line.record(through: step) {
      case .training(let record): training.append(record)
      case .evaluation(let record): evaluations.append(record)
      case nil: break
      }
    }
  }

  /// The lines of a metrics file that have an end.
  static func lines(path: String) throws -> [MetricsLine] {
    let bytes = try InputFile(path: path).readAll(limit: 1 << 32)
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    return lines.enumerated().map { MetricsLine(path: path, number: $0 + 1, text: $1) }
  }
}

/// A line of a metrics file.
struct MetricsLine {
  enum Record {
    case training(TrainingRecord)
    case evaluation(EvaluationRecord)
  }

  let path: String
  /// Counted from 1.
  let number: Int
  let text: ArraySlice<UInt8>

  /// The record, or nil where it is of a later step than `step`.
  func record(through step: Int) throws(FileError) -> Record? {
    let json: JSON
    do { json = try JSON(parsing: text) } catch {
      throw FileError(path, "line \(number) is not valid JSON: \(error)")
    }
    guard let ownStep = json["step"]?.integerValue else { throw FileError(path, "line \(number) has no step") }
    guard ownStep <= step else { return nil }
    if let record = TrainingRecord(json) { return .training(record) }
    if let record = EvaluationRecord(json) { return .evaluation(record) }
    throw FileError(path, "line \(number) is neither a training nor an evaluation record")
  }
}
