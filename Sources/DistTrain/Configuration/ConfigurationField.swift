import Yams

/// One setting of a configuration file: its name, which is also its flag's, and its place in the configuration.
struct ConfigurationField: Sendable {
  let name: String
  /// What a person should write.
  let expectation: String
  /// What puts the value into a configuration; nil where it is not of the setting's type.
  let setting: @Sendable (Node) -> ConfigurationFile.Setting?
  /// The value as it is written.
  let node: @Sendable (TrainingConfiguration) -> Node

  private init<Value: ConfigurationValue>(
    _ name: String, _ path: any WritableKeyPath<TrainingConfiguration, Value> & Sendable
  ) {
    self.name = name
    expectation = Value.expectation
    setting = { node in
      guard let value = Value(node) else { return nil }
      return { configuration in configuration[keyPath: path] = value }
    }
    node = { $0[keyPath: path].node }
  }

  /// Every setting, in the order in which they are written.
  static let all = [
    ConfigurationField("model", \.model),
    ConfigurationField("data", \.data),
    ConfigurationField("image-size", \.imageSize),
    ConfigurationField("weights", \.weights),
    ConfigurationField("augment", \.augment),
    ConfigurationField("global-batch", \.globalBatch),
    ConfigurationField("accumulate", \.accumulate),
    ConfigurationField("reproducible", \.reproducible),
    ConfigurationField("epochs", \.epochs),
    ConfigurationField("steps", \.steps),
    ConfigurationField("optimizer", \.optimizer),
    ConfigurationField("learning-rate", \.learningRate),
    ConfigurationField("schedule", \.schedule),
    ConfigurationField("warmup", \.warmup),
    ConfigurationField("momentum", \.momentum),
    ConfigurationField("weight-decay", \.weightDecay),
    ConfigurationField("clip-norm", \.clipNorm),
    ConfigurationField("seed", \.seed),
    ConfigurationField("precision", \.precision),
    ConfigurationField("device", \.device),
    ConfigurationField("drop-last", \.dropLast),
    ConfigurationField("log-every", \.logEvery),
    ConfigurationField("output", \.output),
    ConfigurationField("checkpoint-every", \.checkpointEvery),
    ConfigurationField("verify-replicas", \.verifyReplicas),
    ConfigurationField("allow-nonfinite", \.allowNonfinite),
    ConfigurationField("buckets", \.buckets),
    ConfigurationField("collective", \.collective),
    ConfigurationField("compress", \.compress),
    ConfigurationField("shard-optimizer", \.shardOptimizer),
    ConfigurationField("sync-batch-norm", \.syncBatchNorm),
  ]
}
