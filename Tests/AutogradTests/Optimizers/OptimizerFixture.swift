import Autograd
import TestSupport

/// `Tests/Fixtures/optimizers.json` and `adaptive_optimizers.json`: runs of PyTorch's optimizers, schedules and clipping.
struct OptimizerFixture: Decodable {
  struct Array: Decodable {
    let shape: [Int]
    let data: [Float]

    var tensor: Tensor { Tensor(data, shape: shape) }
  }

  struct Run: Decodable, CustomStringConvertible {
    let optimizer: String
    let args: [String: Argument]
    let initial: Array
    let gradients: [[Float]]
    let after_each_step: [[Double]]

    var description: String { "\(optimizer) \(args.sorted { $0.key < $1.key })" }

    /// The optimizer of this run for `parameters`.
    func makeOptimizer(_ parameters: [Tensor]) -> any Optimizer {
      func number(_ name: String, _ value: Double = 0) -> Double { args[name]?.value ?? value }
      let (rate, decay) = (number("lr"), number("weight_decay"))
      switch optimizer {
      case "SGD":
        return SGD(
          parameters,
          .init(
            learningRate: rate, momentum: number("momentum"), dampening: number("dampening"), weightDecay: decay,
            nesterov: number("nesterov") == 1))
      case "Adam": return Adam(parameters, .init(learningRate: rate, weightDecay: decay))
      case "AdamW": return AdamW(parameters, .init(learningRate: rate, weightDecay: decay))
      case "NAdam":
        return NAdam(
          parameters,
          .init(learningRate: rate, weightDecay: decay, momentumDecay: number("momentum_decay", 0.004)))
      case "RAdam": return RAdam(parameters, .init(learningRate: rate, weightDecay: decay))
      case "Adadelta":
        return Adadelta(
          parameters, .init(learningRate: rate, smoothing: number("rho", 0.9), weightDecay: decay))
      case "RMSprop": return RMSprop(parameters, .init(learningRate: rate, weightDecay: decay))
      case "Adagrad": return Adagrad(parameters, .init(learningRate: rate, weightDecay: decay))
      default: preconditionFailure("no optimizer \(optimizer)")
      }
    }
  }

  /// A number, or a truth value as 1 or 0.
  struct Argument: Decodable {
    let value: Double

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let truth = try? container.decode(Bool.self) {
        value = truth ? 1 : 0
      } else {
        value = try container.decode(Double.self)
      }
    }
  }

  struct Schedule: Decodable {
    let schedule: String
    let args: ScheduleArguments
    let base_lr: Double
    let lr_at_step: [Double]
  }

  struct ScheduleArguments: Decodable {
    let step_size: Int?
    let gamma: Double?
    let milestones: [Int]?
    let T_max: Int?
    let start_factor: Double?
    let total_iters: Int?
    let max_lr: Double?
    let total_steps: Int?
  }

  struct Clipping: Decodable {
    let gradients: [Array]
    let max_norm: Double
    let total_norm: Double
    let clipped: [Array]
  }

  private struct AdaptiveOptimizers: Decodable {
    let optimizers: [Run]
  }

  private(set) var optimizers: [Run]
  let schedules: [Schedule]
  let clip_grad_norm: Clipping

  /// The runs of `adaptive_optimizers.json`, which were made in double precision.
  static let adaptive: [Run] = {
    do {
      let fixture: AdaptiveOptimizers = try Fixture.decode(from: "adaptive_optimizers.json")
      return fixture.optimizers
    } catch {
      preconditionFailure("adaptive_optimizers.json: \(error)")
    }
  }()

  static let all: OptimizerFixture = {
    do {
      var fixture: OptimizerFixture = try Fixture.decode(from: "optimizers.json")
      fixture.optimizers += adaptive
      return fixture
    } catch {
      preconditionFailure("optimizers.json: \(error)")
    }
  }()
}
