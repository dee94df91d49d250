import Collective

extension Communicator {
  /// The run directory, chosen, made and locked by rank 0.
  func agreeOnDirectory(
    _ configuration: TrainingConfiguration, resume: Bool
  ) throws -> (RunDirectory, RunLock?) {
    let own = try agree(on: "making the output folder") { () throws -> (RunDirectory, RunLock)? in
      guard rank == 0 else { return nil }
      let directory = try configuration.directory(resume: resume)
      let lock = try RunLock(directory)
      // Another run may have come and gone between the look and the lock.
      if !resume { try directory.requireNoRun() }
      try directory.requireWritableFiles()
      return (directory, lock)
    }
    return (RunDirectory(path: try broadcast(own?.0.path ?? "", from: 0)), own?.1)
  }
}

extension TrainingConfiguration {
  /// The folder of the run to go on with, or one that is made for a new run.
  fileprivate func directory(resume: Bool) throws -> RunDirectory {
    if resume { return try RunDirectory.resumable(output, named: model.rawValue) }
    guard let output else { return try RunDirectory.makeUnused(named: model.rawValue) }
    let directory = RunDirectory(path: output)
    try directory.create()
    return directory
  }
}
