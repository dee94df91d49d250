import Autograd
import Collective

extension Workload {
  /// The model that a configuration names.
  public init(_ model: TrainingConfiguration.Model) {
    switch model {
    case .mlp: self = .mlp
    case .cnn: self = .cnn
    case .resnet18: self = .resnet18
    case .vit: self = .vit
    }
  }
}

extension DataType {
  /// The type of number that a configuration names.
  init(_ precision: TrainingConfiguration.Precision) {
    switch precision {
    case .float32, .tf32, .bfloat16: self = .float32
    case .float64: self = .float64
    }
  }
}

extension ProductPrecision {
  /// The precision of float32 products that a configuration names.
  public init(_ precision: TrainingConfiguration.Precision) {
    switch precision {
    case .float32, .float64: self = .float32
    case .tf32: self = .tf32
    case .bfloat16: self = .bfloat16
    }
  }
}

extension Replica {
  /// A replica that makes steps as a configuration says, by a rule that follows from it.
  convenience init(
    _ model: any Layer, _ rule: some UpdateRule, _ configuration: TrainingConfiguration,
    _ communicator: any Communicator
  ) throws {
    let normalizesOverBatches = model.namedModules().contains { $0.module is BatchNorm }
    try self.init(
      model, rule, communicator: communicator, buckets: configuration.buckets, compression: configuration.compress,
      shardsOptimizer: configuration.shardOptimizer, allowsNonfinite: configuration.allowNonfinite,
      gradientNormLimit: configuration.clipNorm, reproducibleShards: configuration.reproducible, recordsSteps: true,
      synchronizesBatchNorm: normalizesOverBatches && configuration.syncBatchNorm && configuration.reproducible == nil
        && communicator.size > 1)
  }
}
