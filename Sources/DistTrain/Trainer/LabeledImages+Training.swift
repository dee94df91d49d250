extension LabeledImages {
  /// Checks that a configuration's model can be trained on these images.
  ///
  /// - Throws: ``FileError`` for another size of image, fewer images than ranks, or not one full batch where it must be.
  func check(for configuration: TrainingConfiguration, ranks: Int) throws {
    try checkShape(for: Workload(configuration.model), in: configuration.data)
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

  /// Checks that a model takes these images, which come from `path`.
  ///
  /// - Throws: ``FileError`` for another size of image.
  package func checkShape(for workload: Workload, in path: String) throws {
    try workload.check(imageShape: [channels, height, width], in: path)
  }
}

extension Workload {
  /// Checks that the model takes images of a shape, [channels, height, width], which come from `path`.
  ///
  /// - Throws: ``FileError`` for another one.
  package func check(imageShape: [Int], in path: String) throws {
    guard let expected = self.imageShape, expected != imageShape else { return }
    func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "×") }
    throw FileError(path, "the images are \(text(imageShape)), expected \(text(expected)) for \(rawValue)")
  }
}
