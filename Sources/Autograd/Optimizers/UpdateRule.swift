/// How an optimizer changes a parameter, as a value that holds the numbers of the rule.
///
/// ``SGD``, ``Adam`` and the others are ``ParameterOptimizer``s of such a rule, and so is an optimizer of your own.
public protocol UpdateRule: Sendable, Equatable {
  /// The factor γ of every change.
  var learningRate: Double { get set }

  /// PyTorch's names of the arrays that the rule keeps for each parameter, each of the parameter's shape.
  var stateNames: [String] { get }

  /// The value that the elements of those arrays start with.
  var initialState: Double { get }

  /// Changes one parameter, in place and without recording.
  func apply(_ update: ParameterUpdate)
}

extension UpdateRule {
  /// 0.
  public var initialState: Double { 0 }
}

/// What an update rule gets to see of one parameter.
public struct ParameterUpdate {
  /// What is changed.
  public let parameter: Tensor
  /// Its gradient, still to be multiplied by `gradientScale`.
  public let gradient: Tensor
  /// The factor of the gradient.
  public let gradientScale: Double
  /// The arrays named by ``UpdateRule/stateNames``, in that order, to be changed.
  public let state: [Tensor]
  /// Whether `state` was made for this update.
  public let isFirst: Bool
  /// The number of this update, from 1.
  public let step: Int
}

/// A rule by which every element of a parameter changes on its own.
protocol ElementwiseRule: UpdateRule {
  /// Changes every element.
  func apply<Scalar: UpdateScalar>(to elements: UpdateElements<Scalar>)
}

/// The element types of parameters.
typealias UpdateScalar = BinaryFloatingPoint & TensorElement

/// The memory of one update, `count` elements each, valid as long as the update lives.
struct UpdateElements<Scalar: UpdateScalar> {
  let count: Int
  let weight: UnsafeMutablePointer<Scalar>
  let gradient: UnsafeMutablePointer<Scalar>
  let scale: Scalar
  let state: [UnsafeMutablePointer<Scalar>]
  let step: Int

  init(_ update: ParameterUpdate) {
    count = update.parameter.count
    weight = update.parameter.pointer()
    gradient = update.gradient.pointer()
    scale = Scalar(update.gradientScale)
    state = update.state.map { $0.pointer() }
    step = update.step
  }
}

extension ElementwiseRule {
  /// Changes every element, in the parameter's precision.
  public func apply(_ update: ParameterUpdate) {
    defer { extendLifetime(update) }
    switch update.parameter.dtype {
    case .float32: apply(to: UpdateElements<Float>(update))
    case .float64: apply(to: UpdateElements<Double>(update))
    default: unsupported(Self.self, update.parameter.dtype)
    }
  }
}
