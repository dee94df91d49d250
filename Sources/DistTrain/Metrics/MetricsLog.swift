import Foundation

/// Writes the metrics of a run as JSON lines: one object a line, each line written whole, members in a fixed order.
///
/// Numbers have the fewest digits that read back equal. What is not finite is `null`, since JSON has no word for it.
public final class MetricsLog {
  /// The file.
  public let path: String
  private let descriptor: Int32

  /// Begins an empty file; one that is there is replaced.
  /// - Throws: ``FileError`` where it cannot be written.
  public convenience init(path: String) throws {
    try self.init(path: path, flags: O_TRUNC)
  }

  /// Goes on with the file of a run that is resumed after `step`: records of later steps are removed, because the
  /// run will make them again.
  /// - Throws: ``FileError`` where the file cannot be read or written, or holds a line that is not a record.
  public convenience init(path: String, resumingAfter step: Int) throws {
    var kept: [UInt8] = []
    try MetricsHistory.forEachRecord(path: path, through: step) { _, line in
      kept += line
      kept.append(UInt8(ascii: "\n"))
      return true
    }
    let file = try AtomicFile(path: path)
    try file.write(kept)
    try file.commit()
    try self.init(path: path, flags: 0)
  }

  private init(path: String, flags: Int32) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0o666)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot write") }
  }

  deinit { close(descriptor) }

  /// Writes the record of a training step.
  /// - Throws: ``FileError`` where the disk is full.
  public func write(_ record: TrainingRecord) throws { try write(line: record.json) }

  /// Writes the record of an evaluation.
  /// - Throws: ``FileError`` where the disk is full.
  public func write(_ record: EvaluationRecord) throws { try write(line: record.json) }

  private func write(line: JSON) throws {
    try Array((line.text + "\n").utf8).withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
  }
}
