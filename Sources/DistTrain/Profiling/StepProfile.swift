import Autograd

/// Where the time of training steps went: totals by operator, and what is left of each part of a step.
package struct StepProfile {
  /// What a row of the profile stands for.
  package enum Subject: Hashable {
    /// An operator with its sizes.
    case work(name: String, extent: OperatorWork.Extent)
    /// What a part spent outside of the operators and parts within it.
    case rest
  }

  /// A part of the step, and an operator within it or the rest.
  package struct Row {
    package let part: StepPart
    package let subject: Subject
    package fileprivate(set) var calls = 0
    package fileprivate(set) var nanoseconds = 0
    /// Floating-point operations, where they are known.
    package fileprivate(set) var flops: Int?
    /// Bytes that had to be moved at least, for an operator.
    package fileprivate(set) var bytes: Int?
  }

  private struct Key: Hashable {
    let part: StepPart
    let subject: Subject
  }

  /// In order of first appearance.
  private(set) var rows: [Row] = []
  private var indices: [Key: Int] = [:]
  /// The steps that were added.
  package private(set) var stepCount = 0

  package init() {}

  /// The time of all rows, which is that of the steps.
  package var nanoseconds: Int { rows.reduce(0) { $0 + $1.nanoseconds } }

  /// The bytes that the operators of a step have to move at least.
  package var bytesPerStep: Double {
    Double(rows.reduce(0) { $0 + ($1.bytes ?? 0) }) / Double(max(stepCount, 1))
  }

  /// The rows, those that took longest first.
  package var longestFirst: [Row] {
    rows.enumerated().sorted { ($1.element.nanoseconds, $0.offset) < ($0.element.nanoseconds, $1.offset) }
      .map(\.element)
  }

  /// Adds the events of steps, each recorded within a ``StepPart/step``.
  package mutating func add(_ events: [ProfileEvent]) {
    // The rows of the parts that enclose the event at hand.
    var enclosing: [(part: StepPart, row: Int)] = []
    for event in events {
      enclosing.removeSubrange(event.depth...)
      if let outer = enclosing.last { rows[outer.row].nanoseconds -= event.nanoseconds }
      switch event.kind {
      case .part(let part):
        if part == .step { stepCount += 1 }
        let row = row(part, .rest)
        rows[row].add(event)
        enclosing.append((part, row))
      case .work(let work):
        let row = row(enclosing.last?.part ?? .step, .work(name: work.name, extent: work.extent))
        rows[row].add(event)
        rows[row].flops = work.flops.map { (rows[row].flops ?? 0) + $0 }
        rows[row].bytes = (rows[row].bytes ?? 0) + work.bytes
      }
    }
  }

  private mutating func row(_ part: StepPart, _ subject: Subject) -> Int {
    let key = Key(part: part, subject: subject)
    if let index = indices[key] { return index }
    indices[key] = rows.count
    rows.append(Row(part: part, subject: subject))
    return rows.count - 1
  }
}

extension StepProfile.Row {
  fileprivate mutating func add(_ event: ProfileEvent) {
    calls += 1
    nanoseconds += event.nanoseconds
  }

  /// What a reader calls it.
  package var name: String {
    switch subject {
    case .work(let name, _): name
    case .rest:
      switch part {
      case .step: "between the parts"
      case .batch: "gathering samples"
      case .forward, .backward, .optimizer: "graph and dispatch"
      case .overlappedAllReduce: "starting and proceeding"
      case .allReduce: "waiting and summing"
      }
    }
  }

  /// The sizes of an operator; empty for what is none.
  package var extent: String { if case .work(_, let extent) = subject { "\(extent)" } else { "" } }

  /// Billions of floating-point operations a second.
  package var gigaflops: Double? { rate(flops) }

  /// Billions of bytes a second.
  package var gigabytes: Double? { rate(bytes) }

  private func rate(_ amount: Int?) -> Double? {
    guard let amount, nanoseconds > 0 else { return nil }
    return Double(amount) / Double(nanoseconds)
  }
}
