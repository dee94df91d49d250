extension TrainingConfiguration {
  /// What must be the same where a run goes on from a checkpoint, for a data set of so many training samples.
  func identity(sampleCount: Int) -> [(key: String, value: String)] {
    let settings: [(key: String, value: String)] = [
      ("model", model.rawValue), ("seed", "\(seed)"), ("precision", precision.rawValue),
      ("global-batch", "\(globalBatch)"), ("drop-last", "\(dropLast)"), ("samples", "\(sampleCount)"),
    ]
    return settings + (reproducible.map { [("reproducible", "\($0)")] } ?? [])
  }
}
