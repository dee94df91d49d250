import Autograd
import Foundation
import TestSupport
import Testing

/// `LBFGS` beside PyTorch's, in double precision.
@Suite struct LBFGSTests {
  private typealias Array = ModuleFixture.Array

  private struct Arguments: Decodable {
    let lr: Double?
    let max_iter: Int?
    let max_eval: Int?
    let tolerance_grad: Double?
    let tolerance_change: Double?
    let history_size: Int?
    let line_search_fn: String?

    var options: LBFGS.Options {
      LBFGS.Options(
        learningRate: lr ?? 1, maximumIterations: max_iter ?? 20, maximumEvaluations: max_eval,
        gradientTolerance: tolerance_grad ?? 1e-7, changeTolerance: tolerance_change ?? 1e-9,
        historySize: history_size ?? 100, lineSearch: line_search_fn.map { _ in .strongWolfe })
    }
  }

  private struct Run: Decodable {
    let problem: String
    let args: Arguments
    let losses: [Double]
    let weights: [Array]
    let evaluations: Int
  }

  /// `lbfgs.json`.
  private struct Runs: Decodable {
    let data: Array
    let classes: Array
    let values: Array
    let starts: [String: [Array]]
    let runs: [Run]

    func weights(of run: Run) -> [Tensor] {
      (starts[run.problem] ?? []).map { start in
        let weight = start.tensor
        weight.requiresGrad = true
        return weight
      }
    }

    func loss(of run: Run, _ w: [Tensor]) -> Tensor {
      let data = data.tensor
      switch run.problem {
      case "rosenbrock": return 100 * (w[0][1] - w[0][0].pow(2)).pow(2) + (1 - w[0][0]).pow(2)
      case "logistic":
        return binaryCrossEntropyWithLogits(data.matmul(w[0]) + w[1], classes.tensor) + 0.01 * w[0].pow(2).sum()
      default: return ((data.matmul(w[0]) + w[1]).tanh().matmul(w[2]) + w[3] - values.tensor).pow(2).mean()
      }
    }

    /// The losses before so many steps.
    func losses(_ count: Int, of run: Run, _ weights: [Tensor], _ optimizer: LBFGS) throws -> [Double] {
      try (0..<count).map { _ in
        try optimizer.step {
          optimizer.zeroGrad()
          let loss = loss(of: run, weights)
          try loss.backward()
          return loss
        }.item()
      }
    }
  }

  private static let all = Result { try Fixture.decode(Runs.self, from: "lbfgs.json") }

  /// Where a run's curvature blows roundings up, so do both sides' sums in their own order.
  @Test(arguments: 0..<10) func `a run is PyTorch's`(index: Int) throws {
    let runs = try Self.all.get()
    try #require(runs.runs.count == 10)
    let run = runs.runs[index]
    let weights = runs.weights(of: run)
    let optimizer = LBFGS(weights, run.args.options)
    let losses = try runs.losses(run.losses.count, of: run, weights, optimizer)
    for (found, expected) in zip(losses, run.losses) {
      #expect(abs(found - expected) < 1e-9 * max(1, expected), "\(losses) instead of \(run.losses)")
    }
    for (found, expected) in zip(weights, run.weights) {
      for (a, b) in zip(found.array(of: Double.self), expected.data) {
        #expect(abs(a - b) < 1e-8, "\(found) instead of \(expected.data)")
      }
    }
    #expect(optimizer.evaluationCount == run.evaluations)
  }

  @Test(arguments: 0..<10) func `a resumed run goes on bit for bit`(index: Int) throws {
    let runs = try Self.all.get()
    let run = runs.runs[index]
    let straight = runs.weights(of: run)
    let first = LBFGS(straight, run.args.options)
    _ = try runs.losses(2, of: run, straight, first)
    let resumed = straight.map { weight in
      let copy = weight.detached().cloned()
      copy.requiresGrad = true
      return copy
    }
    let second = LBFGS(resumed, run.args.options)
    try second.load(stateDictionary: first.stateDictionary())
    #expect(try runs.losses(2, of: run, straight, first) == runs.losses(2, of: run, resumed, second))
    #expect(straight.map { $0.array(of: Double.self) } == resumed.map { $0.array(of: Double.self) })
    #expect(second.evaluationCount == first.evaluationCount)
  }

  @Test func `a state that does not fit is refused and changes nothing`() throws {
    let runs = try Self.all.get()
    let run = runs.runs[0]
    let weights = runs.weights(of: run)
    let optimizer = LBFGS(weights, run.args.options)
    #expect(optimizer.stateDictionary().isEmpty)
    _ = try runs.losses(2, of: run, weights, optimizer)
    let state = optimizer.stateDictionary()
    let names = ["func_evals", "n_iter", "t", "H_diag", "d", "prev_flat_grad", "old_dirs.0", "old_stps.0"]
    #expect(Set(names).isSubset(of: state.map(\.name)))
    for name in names {
      let error = #expect(throws: StateDictionaryError.self) {
        try optimizer.load(stateDictionary: state.filter { $0.name != name })
      }
      #expect("\(error.map { "\($0)" } ?? "")".contains(name))
    }
    #expect(throws: StateDictionaryError.self) {
      try optimizer.load(stateDictionary: state.map { ($0.name, $0.name == "d" ? Tensor([1.0]) : $0.tensor) })
    }
    #expect(optimizer.stateDictionary().map(\.name) == state.map(\.name))
    try optimizer.load(stateDictionary: [])
    #expect(optimizer.stateDictionary().isEmpty)
  }

  @Test(arguments: [nil, LBFGS.LineSearch.strongWolfe])
  func `a loss that is no number ends a step, and an error leaves it`(_ search: LBFGS.LineSearch?) throws {
    struct Failure: Error {}
    let weight = Tensor([1.0, 2.0], requiresGrad: true)
    let optimizer = LBFGS([weight], .init(maximumIterations: 3, lineSearch: search))
    let loss = try optimizer.step {
      weight.grad = .full([2], .nan)
      return Tensor(Float.nan)
    }
    #expect(loss.item().isNaN)
    var count = 0
    #expect(throws: Failure.self) {
      try optimizer.step {
        count += 1
        if count == 2 { throw Failure() }
        weight.grad = .full([2], 1)
        return Tensor(1.0)
      }
    }
    #expect(count == 2)
  }

  /// Parameters without a gradient stay, and a gradient of 0 ends a step at once.
  @Test func `nothing is left to do where gradients are small`() throws {
    let (used, unused) = (Tensor([3.0], requiresGrad: true), Tensor([5.0, 6.0], requiresGrad: true))
    let optimizer = LBFGS([used, unused], .init(lineSearch: .strongWolfe))
    func step() throws {
      try optimizer.step {
        optimizer.zeroGrad()
        let loss = (used - 1).pow(2).sum()
        try loss.backward()
        return loss
      }
    }
    try step()
    #expect(abs(used[0].item() - 1) < 1e-6 && unused.array() == [5, 6])
    let count = optimizer.evaluationCount
    try step()
    #expect(optimizer.evaluationCount == count + 1)
  }

  @Test func `wrong numbers trap`() async {
    await #expect(processExitsWith: .failure) { _ = LBFGS.Options(maximumIterations: 0) }
    await #expect(processExitsWith: .failure) { _ = LBFGS.Options(learningRate: -1) }
    await #expect(processExitsWith: .failure) { _ = LBFGS([]) }
    await #expect(processExitsWith: .failure) {
      _ = LBFGS([Tensor([1.0]), Tensor([1.0], dtype: .float64)])
    }
  }
}
