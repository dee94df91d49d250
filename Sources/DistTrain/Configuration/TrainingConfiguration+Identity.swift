extension TrainingConfiguration {
  /// What must be the same where a run goes on from a checkpoint, of a model and a data set of so many training samples.
  func identity(_ model: ImageModel, sampleCount: Int) -> [(key: String, value: String)] {
    let settings: [(key: String, value: String)] = [
      ("seed", "\(seed)"), ("precision", precision.rawValue), ("global-batch", "\(globalBatch)"),
      ("drop-last", "\(dropLast)"), ("samples", "\(sampleCount)"),
    ]
    return model.metadata + settings + (reproducible.map { [("reproducible", "\($0)")] } ?? [])
  }
}
