import Foundation

/// Writes numbers over the steps of a run for TensorBoard, as PyTorch's `SummaryWriter.add_scalar` does.
///
///     let log = try TensorBoardLog(folder: "runs/mlp", after: replica.stepCount)
///     try log.write([("train/loss", outcome.loss)], step: replica.stepCount)
///
/// Every process that goes on with a run has a file of its own in the folder, `events.out.tfevents.000001` and so on. It
/// tells TensorBoard to forget what earlier ones have of later steps, which its fast loader does name by name, when the
/// first number of a name comes. One process writes a run, as rank 0.
public final class TensorBoardLog {
  /// The file.
  public let path: String
  private let descriptor: Int32

  /// Begins a file beside those that are in the folder.
  ///
  /// - Parameters:
  ///   - folder: Is made where there is none.
  ///   - step: The last step of the run that counts, 0 for a new run.
  /// - Throws: ``FileError`` where it cannot be written.
  public init(folder: String, after step: Int = 0) throws {
    try RunDirectory.makeFolder(folder)
    var (number, opened, path) = (0, -1 as Int32, "")
    repeat {
      number += 1
      // TensorBoard reads them in the order of their names.
      path = "\(folder)/events.out.tfevents.\(String(format: "%06d", number))"
      opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
    } while opened < 0 && errno == EEXIST
    guard opened >= 0 else { throw FileError.system(path, "cannot write") }
    (self.path, descriptor) = (path, opened)
    try write(.init(step: 0, contents: .version("brain.Event:2")))
    try write(.init(step: step + 1, contents: .start))
  }

  deinit { close(descriptor) }

  /// Writes numbers with their names, in which slashes make groups; TensorBoard keeps them as float32.
  ///
  /// - Throws: ``FileError`` where the disk is full.
  public func write(_ scalars: [(tag: String, value: Double)], step: Int) throws {
    try write(.init(step: step, contents: .scalars(scalars)))
  }

  private func write(_ event: TensorBoardEvent) throws {
    let now = Date().timeIntervalSince1970
    try event.encoded(at: now).recordBytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
  }
}
