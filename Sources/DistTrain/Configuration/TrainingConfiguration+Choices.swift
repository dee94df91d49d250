import Autograd

extension Workload {
  /// The model that a configuration names.
  public init(_ model: TrainingConfiguration.Model) {
    switch model {
    case .mlp: self = .mlp
    case .cnn: self = .cnn
    case .resnet18: self = .resnet18
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
