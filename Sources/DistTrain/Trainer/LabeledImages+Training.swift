extension LabeledImages {
  /// Checks that the models can be trained on these images.
  ///
  /// - Throws: ``FileError`` for another size of image, fewer images than ranks, or not one full batch where it must be.
  func check(for configuration: TrainingConfiguration, ranks: Int) throws {
    try checkSize(in: configuration.data)
    try checkCount(in: configuration.data, ranks: ranks)
    guard count >= configuration.globalBatch || !configuration.dropLast else {
      throw FileError(
        configuration.data,
        "\(count) training samples make no full batch of \(configuration.globalBatch), and --drop-last leaves out others"
      )
    }
  }

  /// Checks that each of several ranks can have one of these images, which come from `path`.
  ///
  /// - Throws: ``FileError`` for fewer.
  package func checkCount(in path: String, ranks: Int) throws {
    guard count >= ranks else {
      throw FileError(path, "\(ranks) ranks for \(count) training samples: use at most one rank a sample")
    }
  }

  /// Checks that the reference models take these images, which come from `path`.
  ///
  /// - Throws: ``FileError`` for another size of image.
  package func checkSize(in path: String) throws {
    guard channels == 1, height == 28, width == 28 else {
      throw FileError(path, "the images are \(channels)×\(height)×\(width), expected 1×28×28")
    }
  }
}
