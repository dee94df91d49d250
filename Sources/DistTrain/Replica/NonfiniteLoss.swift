import Collective

/// A training loss that is infinite or not a number.
public struct NonfiniteLoss: CommonError, Equatable, CustomStringConvertible {
  /// The first rank whose own loss was not finite; `nil` when only the sum over ranks overflowed.
  public let rank: Int?
  /// The step, from 1, as ``Replica/stepCount`` counts them.
  public let step: Int

  package init(rank: Int?, step: Int) {
    self.rank = rank
    self.step = step
  }

  /// What happened, and in which step.
  public var description: String { "step \(step): \(finding)" }

  /// What happened.
  var finding: String {
    let place = rank.map { "on rank \($0)" } ?? "summed over all ranks"
    return "the training loss \(place) is not a finite number; the parameters are as they were before the step"
  }
}
