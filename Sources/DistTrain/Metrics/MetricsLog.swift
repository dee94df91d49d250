import Foundation

/// Writes the metrics of a run as JSON lines: one object a line, each line written whole, members in a fixed order.
///
/// Numbers have the fewest digits that read back equal. What is not finite is `null`, since JSON has no word for it.
public final class MetricsLog {
  /// The file.
  public let path: String
  /// What was wrong with the first line that was no record and is removed, or that there was no file to go on with.
  public let damage: FileError?
  private let descriptor: Int32

  /// Begins an empty file; one that is there is replaced.
  /// - Throws: ``FileError`` where it cannot be written.
  public convenience init(path: String) throws {
    try self.init(path: path, flags: O_TRUNC)
  }

  /// Goes on with the file of a run that is resumed after `step`: records of later steps are removed, because the
  /// run will make them again, and so are lines that are no records, which a machine may leave that has stopped.
  /// - Throws: ``FileError`` where the file cannot be read or written.
  public convenience init(path: String, resumingAfter step: Int) throws {
    var damage: FileError?
    let file = try AtomicFile(path: path)
    if access(path, F_OK) == 0 {
      for line in try MetricsHistory.lines(path: path) {
        do throws(FileError) {
          guard try line.record(through: step) != nil else { continue }
        } catch {
          damage = damage ?? FileError(path, "what is no record is left out: \(error.reason)")
          continue
        }
        try file.write(line.text + [UInt8(ascii: "\n")])
      }
    } else {
      damage = FileError(path, "the metrics of the steps so far are missing")
    }
    try file.commit()
    try self.init(path: path, flags: 0, damage: damage)
  }

  private init(path: String, flags: Int32, damage: FileError? = nil) throws {
    self.path = path
    self.damage = damage
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

  /// Waits until what was written is on the disk.
  /// - Throws: ``FileError`` where it cannot be.
  func synchronize() throws {
    guard fsync(descriptor) == 0 else { throw FileError.system(path, "cannot write") }
  }

  private func write(line: JSON) throws {
    try Array((line.text + "\n").utf8).withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
  }
}
