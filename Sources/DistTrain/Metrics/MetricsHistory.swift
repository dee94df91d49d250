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
    try Self.forEachRecord(path: path, through: step) { json, _ in
      if let record = TrainingRecord(json) {
        training.append(record)
      } else if let record = EvaluationRecord(json) {
        evaluations.append(record)
      } else {
        return false
      }
      return true
    }
  }

  /// Calls `body` with each record up to `step` and the text of its line; it says whether it knows the record.
  static func forEachRecord(
    path: String, through step: Int, _ body: (JSON, ArraySlice<UInt8>) throws -> Bool
  ) throws {
    let bytes = try InputFile(path: path).readAll(limit: 1 << 32)
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    for (index, line) in lines.enumerated() {
      let json: JSON
      do {
        json = try JSON(parsing: line)
      } catch {
        throw FileError(path, "line \(index + 1) is not valid JSON: \(error)")
      }
      guard let recordStep = json["step"]?.integerValue else { throw FileError(path, "line \(index + 1) has no step") }
      if recordStep <= step, try !body(json, line) {
        throw FileError(path, "line \(index + 1) is neither a training nor an evaluation record")
      }
    }
  }
}
