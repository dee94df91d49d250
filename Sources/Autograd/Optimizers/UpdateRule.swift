/// How an optimizer changes a parameter, as a value that holds the numbers of the rule.
///
/// ``SGD``, ``Adam`` and the others are ``ParameterOptimizer``s of such a rule, and so is an optimizer of your own.
public protocol UpdateRule: Sendable, Equatable {
  /// The factor γ of every change.
  var learningRate: Double { get set }

  /// PyTorch's names of the arrays that the rule keeps for each parameter, each of the parameter's shape; without dots and
  /// white space.
  var stateNames: [String] { get }

  /// The value that the elements of those arrays start with.
  var initialState: Double { get }

  /// Whether the change of an element depends on other elements of its parameter, as on their norm in LARS and LAMB, or on
  /// the parameter's shape. Replicas then give the rule each parameter by itself; otherwise it gets many at once, flat. `false`
  /// if left out.
  var needsWholeParameters: Bool { get }

  /// Changes one parameter, in place and without recording.
  func apply(_ update: ParameterUpdate)
}

extension UpdateRule {
  /// 0.
  public var initialState: Double { 0 }

  /// `false`.
  public var needsWholeParameters: Bool { false }

  /// Stops the program where an option that a rule was made with is below 0, NaN, or not below `limit`.
  static func require(_ options: KeyValuePairs<String, Double>, below limit: Double? = nil) {
    let range = limit.map { "at least 0 and less than \($0)" } ?? "at least 0"
    for (name, option) in options {
      precondition(
        option >= 0 && limit.map { option < $0 } ?? true, "\(Self.self): \(name) of \(option), expected \(range)")
    }
  }
}

/// A rule whose update is one pass by one kernel, which a GPU can make or leave by itself.
package protocol FusedUpdateRule: UpdateRule {}

/// What an update rule gets to see of one parameter.
public struct ParameterUpdate {
  /// What is changed: a parameter, or, unless the rule ``UpdateRule/needsWholeParameters``, the elements of several.
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
