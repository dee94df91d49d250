/// What one training step cost and gave; a line of `metrics.jsonl`.
public struct TrainingRecord: Equatable, Sendable {
  /// Where the time of a step went, in seconds.
  public struct Seconds: Equatable, Sendable {
    /// Making the batch.
    public var data: Double
    /// The forward pass.
    public var forward: Double
    /// The backward pass.
    public var backward: Double
    /// Waiting for gradients of other ranks.
    public var communication: Double
    /// The optimizer's step.
    public var optimizer: Double

    /// Times of one step.
    public init(
      data: Double = 0, forward: Double = 0, backward: Double = 0, communication: Double = 0, optimizer: Double = 0
    ) {
      self.data = data
      self.forward = forward
      self.backward = backward
      self.communication = communication
      self.optimizer = optimizer
    }
  }

  /// The number of the step, counted from 1 over the whole run.
  public var step: Int
  /// The number of the epoch, from 1.
  public var epoch: Int
  /// The mean loss of the global batch.
  public var loss: Double
  /// The learning rate of the step.
  public var learningRate: Double
  /// The norm of the gradients, before they were scaled down; nil where it has no limit.
  public var gradientNorm: Double?
  /// Samples a second, over all ranks, without the time of evaluations and checkpoints.
  public var samplesPerSecond: Double
  /// Where the time went.
  public var seconds: Seconds

  /// A record of one step.
  public init(
    step: Int, epoch: Int, loss: Double, learningRate: Double, gradientNorm: Double? = nil, samplesPerSecond: Double,
    seconds: Seconds = Seconds()
  ) {
    self.step = step
    self.epoch = epoch
    self.loss = loss
    self.learningRate = learningRate
    self.gradientNorm = gradientNorm
    self.samplesPerSecond = samplesPerSecond
    self.seconds = seconds
  }
}

/// How good the model is on a part of the data; a line of `metrics.jsonl`.
public struct EvaluationRecord: Equatable, Sendable {
  /// The training steps made before.
  public var step: Int
  /// The epoch that was trained last.
  public var epoch: Int
  /// The name of the part of the data, such as `test`.
  public var split: String
  /// The mean loss.
  public var loss: Double
  /// The part of the samples classified rightly, from 0 to 1.
  public var accuracy: Double
  /// The number of samples.
  public var count: Int

  /// A record of one evaluation.
  public init(step: Int, epoch: Int, split: String, loss: Double, accuracy: Double, count: Int) {
    self.step = step
    self.epoch = epoch
    self.split = split
    self.loss = loss
    self.accuracy = accuracy
    self.count = count
  }
}

extension TrainingRecord {
  /// The record as JSON, its members in the order of the declarations above.
  package var json: JSON {
    .object(
      [
        .init("kind", .string("training")),
        .init("step", .integer(step)),
        .init("epoch", .integer(epoch)),
        .init("loss", .real(loss)),
        .init("learningRate", .real(learningRate)),
      ] + (gradientNorm.map { [.init("gradientNorm", .real($0))] } ?? []) + [
        .init("samplesPerSecond", .real(samplesPerSecond)),
        .init(
          "seconds",
          .object([
            .init("data", .real(seconds.data)),
            .init("forward", .real(seconds.forward)),
            .init("backward", .real(seconds.backward)),
            .init("communication", .real(seconds.communication)),
            .init("optimizer", .real(seconds.optimizer)),
          ])),
      ])
  }

  /// The record that `json` holds, or nil where it holds another.
  package init?(_ json: JSON) {
    guard json["kind"]?.stringValue == "training", let step = json["step"]?.integerValue,
      let epoch = json["epoch"]?.integerValue, let loss = json["loss"]?.realValue,
      let learningRate = json["learningRate"]?.realValue, let rate = json["samplesPerSecond"]?.realValue,
      let parts = json["seconds"], let data = parts["data"]?.realValue, let forward = parts["forward"]?.realValue,
      let backward = parts["backward"]?.realValue, let communication = parts["communication"]?.realValue,
      let optimizer = parts["optimizer"]?.realValue
    else { return nil }
    self.init(
      step: step, epoch: epoch, loss: loss, learningRate: learningRate, gradientNorm: json["gradientNorm"]?.realValue,
      samplesPerSecond: rate,
      seconds: Seconds(
        data: data, forward: forward, backward: backward, communication: communication, optimizer: optimizer))
  }
}

extension EvaluationRecord {
  /// The record as JSON, its members in the order of the declarations above.
  package var json: JSON {
    .object([
      .init("kind", .string("evaluation")),
      .init("step", .integer(step)),
      .init("epoch", .integer(epoch)),
      .init("split", .string(split)),
      .init("loss", .real(loss)),
      .init("accuracy", .real(accuracy)),
      .init("count", .integer(count)),
    ])
  }

  /// The record that `json` holds, or nil where it holds another.
  package init?(_ json: JSON) {
    guard json["kind"]?.stringValue == "evaluation", let step = json["step"]?.integerValue,
      let epoch = json["epoch"]?.integerValue, let split = json["split"]?.stringValue,
      let loss = json["loss"]?.realValue, let accuracy = json["accuracy"]?.realValue, !(accuracy < 0 || accuracy > 1),
      let count = json["count"]?.integerValue, count >= 0
    else { return nil }
    self.init(step: step, epoch: epoch, split: split, loss: loss, accuracy: accuracy, count: count)
  }
}
