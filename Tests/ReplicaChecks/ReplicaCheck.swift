import Autograd
import Collective
import DistTrain
import TestSupport

/// Something that replicas must do, whatever connects their ranks.
///
/// Every rank of a group runs it, and compares what came out with one process that takes the whole batches.
public struct ReplicaCheck: Sendable, CustomStringConvertible {
  /// What is checked.
  public let name: String
  /// Runs the check as one rank of a group; throws a `ConformanceFailure` where a result is wrong.
  public let run: @Sendable (any Communicator) throws -> Void

  /// What is checked.
  public var description: String { name }

  init(_ name: String, _ run: @escaping @Sendable (any Communicator) throws -> Void) {
    self.name = name
    self.run = run
  }

  /// All checks on the processor.
  public static let all = onAnyDevice + buckets + threadCounts

  /// All checks on GPUs, of which each rank has one or all share one.
  public static let onGPUs = onAnyDevice + startedSteps

  private static let onAnyDevice =
    accumulation + batchLosses + unevenData + unusedParameters + batchStatistics + gathering + recomputation
    + reproducibility
    + stepSizes
    + parameterGroups + wholeParameters + frozenParameters + measures + checkpoints + weightAverages
    + parametrizations + lbfgs
}

/// Throws unless a condition holds.
func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
  guard condition else { throw ConformanceFailure(description: text()) }
}

/// Throws unless all numbers are nearly equal.
func requireClose(_ found: [Double], _ expected: [Double], within tolerance: Double = 1e-12, _ text: String) throws {
  try require(found.count == expected.count, "\(text): \(found.count) numbers, expected \(expected.count)")
  for (index, (found, expected)) in zip(found, expected).enumerated() where !(abs(found - expected) <= tolerance) {
    throw ConformanceFailure(description: "\(text): number \(index) is \(found), expected \(expected)")
  }
}

/// Throws unless two models have nearly the same parameters and buffers.
func requireClose(_ found: Module, _ expected: Module, within tolerance: Double = 1e-12) throws {
  for ((name, found), (_, expected)) in zip(found.stateDictionary(), expected.stateDictionary()) {
    try requireClose(found.array(of: Double.self), expected.array(of: Double.self), within: tolerance, name)
  }
}
