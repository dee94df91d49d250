/// Tensors that others stand for while a function of those is computed, and again whenever it is differentiated: operations
/// read their inputs in the backward pass, too.
///
/// The backward rule of every operation that is recorded meanwhile runs under the substitution, too.
final class Substitution {
  private let targets: [Tensor]
  private let replacements: [Tensor.Contents]
  /// What the targets were before; empty while nothing is substituted.
  private var originals: [Tensor.Contents] = []
  /// The substitution within which this one was begun.
  private let outer: Substitution?

  /// - Parameter replacements: Tensors of the targets' shapes, types and device.
  private init(_ targets: [Tensor], by replacements: [Tensor], within outer: Substitution?) {
    self.targets = targets
    // A leaf gets its gradient through an operation: the target has its own.
    self.replacements = replacements.map { $0.viewed(in: $0.shape, as: "AliasBackward0").contents }
    self.outer = outer
  }

  /// Runs `body` while targets stand for other tensors.
  static func run<R>(_ targets: [Tensor], as replacements: [Tensor], _ body: () throws -> R) rethrows -> R {
    let outer = ThreadState.withCurrent { $0.substitution }
    return try using(Substitution(targets, by: replacements, within: outer), body)
  }

  /// Runs `body` under a substitution, or none, in place of the one that is under way.
  static func using<R>(_ wanted: Substitution?, _ body: () throws -> R) rethrows -> R {
    let state = ThreadState.current
    let before = state.substitution
    before?.leave()
    wanted?.enter()
    state.substitution = wanted
    defer {
      wanted?.leave()
      before?.enter()
      state.substitution = before
    }
    return try body()
  }

  /// A backward rule that runs under the substitution that is under way now, wherever it is called.
  @inline(never)
  static func boundToCurrent(_ backward: @escaping Node.Backward) -> Node.Backward {
    let current = ThreadState.current.substitution
    return { gradient, inputs in using(current) { backward(gradient, inputs) } }
  }

  private func enter() {
    outer?.enter()
    originals = targets.map(\.contents)
    for (target, replacement) in zip(targets, replacements) { target.contents = replacement }
  }

  private func leave() {
    for (target, original) in zip(targets, originals) { target.contents = original }
    originals = []
    outer?.leave()
  }
}
