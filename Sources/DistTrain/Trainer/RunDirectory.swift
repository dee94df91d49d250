import Foundation

/// The folder in which a training run keeps what it writes.
public struct RunDirectory: Equatable, Sendable {
  /// The folder.
  public let path: String

  /// A folder; nothing is read or written yet.
  public init(path: String) { self.path = path }

  /// The resolved configuration.
  public var configuration: String { "\(path)/config.yaml" }
  /// One JSON object a line.
  public var metrics: String { "\(path)/metrics.jsonl" }
  /// The state to resume from.
  public var checkpoint: String { "\(path)/checkpoint.safetensors" }
  /// The trained parameters, and nothing else.
  public var model: String { "\(path)/model.safetensors" }
  /// The parameters that did best of those that were evaluated, after an epoch or at the end.
  public var best: String { "\(path)/best.safetensors" }
  /// The plot of loss and accuracy.
  public var curve: String { "\(path)/curve.svg" }

  /// A file of weights, which may be given by the folder of a run: of its checkpoint then, for the trained model may be older
  /// where the run goes on.
  package static func weights(at path: String) -> String {
    guard isFolder(path) else { return path }
    let run = RunDirectory(path: path)
    return FileManager.default.fileExists(atPath: run.checkpoint) ? run.checkpoint : run.model
  }

  /// Whether a run has written here, or somebody a configuration. A run before its first checkpoint, and so its first step,
  /// does not count, whether it has ended or not: its file of metrics is there with nothing in it.
  public var holdsRun: Bool {
    let files = FileManager.default
    if files.fileExists(atPath: checkpoint) { return true }
    guard let attributes = try? files.attributesOfItem(atPath: metrics) else {
      return files.fileExists(atPath: configuration)
    }
    return (attributes[.size] as? NSNumber)?.intValue != 0
  }

  /// When the checkpoint was written; nil where there is none.
  private var checkpointDate: Date? {
    (try? FileManager.default.attributesOfItem(atPath: checkpoint))?[.modificationDate] as? Date
  }

  /// Makes the folder for a new run.
  ///
  /// - Throws: ``FileError`` where there is a run already, or the folder cannot be made or written to.
  public func create() throws {
    try requireNoRun()
    try Self.makeFolder(path)
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw FileError(path, "the output folder is not writable")
    }
  }

  /// - Throws: ``FileError`` where there is a run already.
  func requireNoRun() throws {
    guard !holdsRun else {
      throw FileError(path, "holds a run already: continue it with --resume, or choose another folder with --output")
    }
  }

  /// - Throws: ``FileError`` where something else has the name of a file that the run will write: it would be noticed hours
  ///   later, or, as a pipe that nobody reads, never.
  func requireWritableFiles() throws {
    for file in [configuration, metrics, checkpoint, model, best, curve] { try requireFileOrNothing(at: file) }
  }

  /// Makes a folder and those above it, where they are not there yet.
  static func makeFolder(_ path: String) throws {
    guard !isFolder(path) else { return }
    let parent = folderAndName(path).folder
    if parent != path { try makeFolder(parent) }
    guard mkdir(path, 0o777) != 0, !(errno == EEXIST && isFolder(path)) else { return }
    guard errno != EEXIST else { throw FileError(path, "cannot make the output folder: there is a file") }
    throw FileError.system(path, "cannot make the output folder")
  }

  /// Makes the folder that a run without `--output` uses: `runs/NAME`, or with the first number from 2 that is free. Runs
  /// that start at the same time get different ones.
  ///
  /// - Throws: ``FileError`` where the folder cannot be made.
  public static func makeUnused(named name: String, in folder: String = "runs") throws -> RunDirectory {
    try makeFolder(folder)
    var path = "\(folder)/\(name)"
    var number = 2
    while mkdir(path, 0o777) != 0 {
      guard errno == EEXIST else { throw FileError.system(path, "cannot make the output folder") }
      path = "\(folder)/\(name)-\(number)"
      number += 1
    }
    return RunDirectory(path: path)
  }

  /// The folder of the run to go on with: `path`, or else the latest one called `name`.
  ///
  /// - Throws: ``FileError`` where there is no checkpoint to resume from.
  public static func resumable(_ path: String?, named name: String) throws -> RunDirectory {
    guard let path else { return try latest(named: name) }
    let directory = RunDirectory(path: path)
    guard FileManager.default.fileExists(atPath: directory.checkpoint) else {
      throw FileError(
        path,
        directory.holdsRun
          ? "holds a run without its checkpoint: start it anew in another folder, without --resume"
          : "holds no run to resume")
    }
    return directory
  }

  /// The folder of a run called `name`, with a number or without, that can be resumed, for `--resume` without `--output`:
  /// the one whose checkpoint was written last.
  ///
  /// - Throws: ``FileError`` where there is none.
  public static func latest(named name: String, in folder: String = "runs") throws -> RunDirectory {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let runs = entries.filter { $0 == name || $0.hasPrefix("\(name)-") && Int($0.dropFirst(name.count + 1)) != nil }
    let checkpoints = runs.map { RunDirectory(path: "\(folder)/\($0)") }.compactMap { run in
      run.checkpointDate.map { (run: run, date: $0) }
    }
    guard let latest = checkpoints.max(by: { $0.date < $1.date }) else {
      throw FileError("\(folder)/\(name)", "there is no run with a checkpoint to resume; name its folder with --output")
    }
    return latest.run
  }
}
