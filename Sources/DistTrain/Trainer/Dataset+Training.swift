extension Dataset {
  /// Checks that a configuration's run can learn from these samples.
  ///
  /// - Throws: ``FileError`` for fewer samples than ranks, or not one full batch where it must be.
  func check(for configuration: TrainingConfiguration, ranks: Int) throws {
    try checkCount(in: configuration.data, ranks: ranks)
    guard count >= configuration.globalBatch || !configuration.dropLast else {
      throw FileError(
        configuration.data,
        "\(count) training samples make no full batch of \(configuration.globalBatch), and --drop-last leaves out others"
      )
    }
  }

  /// Checks that each of several ranks can have one of these samples, which come from `path`.
  ///
  /// - Throws: ``FileError`` for fewer.
  package func checkCount(in path: String, ranks: Int) throws {
    guard count >= ranks else {
      throw FileError(path, "\(ranks) ranks for \(count) training samples: use at most one rank a sample")
    }
  }
}
