import DistTrain
import Foundation
import Testing

struct TrainingConfigurationTests {
  @Test func theDefaultsAreValid() throws {
    let configuration = TrainingConfiguration()
    try configuration.validate()
    #expect(configuration.model == .cnn && configuration.data == "/usr/share/datasets/fashion-mnist")
    #expect(configuration.globalBatch == 64 && configuration.epochs == 6 && configuration.steps == nil)
    #expect(configuration.learningRate == 0.02 && configuration.momentum == 0.9 && configuration.weightDecay == 0)
    #expect(configuration.seed == 0)
  }

  static let invalid: [(change: @Sendable (inout TrainingConfiguration) -> Void, message: String)] = [
    ({ $0.data = "" }, "--data is empty, expected a folder"),
    ({ $0.imageSize = 64 }, "--image-size is 64, expected none with --model cnn, which takes one size"),
    (
      {
        $0.model = .resnet18
        $0.imageSize = 31
      }, "--image-size is 31, expected from 32 to 1024"
    ),
    ({ $0.weights = "" }, "--weights is empty, expected a file"),
    ({ $0.globalBatch = 0 }, "--global-batch is 0, expected at least 1"),
    ({ $0.accumulate = 0 }, "--accumulate is 0, expected at least 1"),
    ({ $0.reproducible = 0 }, "--reproducible is 0, expected a power of two"),
    ({ $0.reproducible = 6 }, "--reproducible is 6, expected a power of two"),
    (
      {
        $0.reproducible = 4
        $0.accumulate = 2
      }, "--accumulate is 2, expected 1 with --reproducible, whose shards are computed one after the other"
    ),
    ({ $0.epochs = -1 }, "--epochs is -1, expected at least 1"),
    ({ $0.steps = 0 }, "--steps is 0, expected at least 1"),
    ({ $0.learningRate = .nan }, "--learning-rate is nan, expected a finite number from 0"),
    ({ $0.learningRate = -0.1 }, "--learning-rate is -0.1, expected a finite number from 0"),
    ({ $0.warmup = -1 }, "--warmup is -1, expected at least 0"),
    ({ $0.clipNorm = 0 }, "--clip-norm is 0.0, expected a positive number"),
    ({ $0.clipNorm = .infinity }, "--clip-norm is inf, expected a positive number"),
    ({ $0.momentum = 1 }, "--momentum is 1.0, expected a number from 0 to below 1"),
    ({ $0.weightDecay = .infinity }, "--weight-decay is inf, expected a finite number from 0"),
    (
      { $0.precision = .tf32 },
      "--precision is tf32, expected float32, float64 or bfloat16: tf32 needs --device cuda"
    ),
    ({ $0.logEvery = 0 }, "--log-every is 0, expected at least 1"),
    ({ $0.output = "" }, "--output is empty, expected a folder"),
    ({ $0.checkpointEvery = -1 }, "--checkpoint-every is -1, expected at least 0"),
    ({ $0.verifyReplicas = -1 }, "--verify-replicas is -1, expected at least 0"),
    (
      {
        $0.precision = .float64
        $0.compress = .half(.bfloat16)
      }, "--precision is float64, expected float32 with --compress bfloat16"
    ),
    (
      {
        $0.reproducible = 4
        $0.compress = .powerSGD(rank: 2)
      }, "--compress is powersgd-2, expected none with --reproducible, whose sums are exact to the bit"
    ),
  ]

  @Test(arguments: invalid.indices)
  func namesTheFlagOfAnInvalidValue(index: Int) {
    var configuration = TrainingConfiguration()
    Self.invalid[index].change(&configuration)
    #expect(throws: ConfigurationError(Self.invalid[index].message)) { try configuration.validate() }
  }

  @Test func isCodable() throws {
    var configuration = TrainingConfiguration()
    configuration.steps = 5
    configuration.compress = .powerSGD(rank: 3)
    let data = try JSONEncoder().encode(configuration)
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: data) == configuration)
  }
}
