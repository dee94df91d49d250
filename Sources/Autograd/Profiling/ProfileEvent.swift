/// A part of a training step.
package enum StepPart: String, Sendable, CaseIterable {
  case step, batch, forward, backward, optimizer
  /// Starting and continuing the all-reduce of gradients while the backward pass goes on.
  case overlappedAllReduce = "all-reduce, overlapped"
  /// Waiting for what is left of it.
  case allReduce = "all-reduce"
}

/// What an operator computed, and how much of it.
package struct OperatorWork: Sendable {
  /// What it is called; the same name and extent mean the same work.
  package let name: String
  /// The sizes that its work depends on.
  package let extent: Extent
  /// Floating-point operations; nil where they are few for each byte.
  package internal(set) var flops: Int?
  /// Bytes that must at least be read and written.
  package let bytes: Int

  init(_ name: String, _ extent: Extent, flops: Int? = nil, bytes: Int) {
    self.name = name
    self.extent = extent
    self.flops = flops
    self.bytes = bytes
  }

  /// Sizes of an operator's tensors.
  package enum Extent: Hashable, Sendable, CustomStringConvertible {
    /// The shape of a result or of what is reduced.
    case shape([Int])
    /// So many products of an [m, k] by a [k, n] matrix.
    case product(rows: Int, columns: Int, inner: Int, batch: Int)
    /// The shapes of a convolution's input and weight.
    case convolution(input: [Int], weight: [Int])

    /// As m × n × k for products.
    package var description: String {
      switch self {
      case .shape(let shape): Self.text(shape)
      case .product(let m, let n, let k, let batch): (batch == 1 ? "" : "\(batch) of ") + Self.text([m, n, k])
      case .convolution(let input, let weight): "\(Self.text(input)) by \(Self.text(weight))"
      }
    }

    private static func text(_ sizes: [Int]) -> String {
      sizes.isEmpty ? "scalar" : sizes.map(String.init).joined(separator: " × ")
    }
  }
}

/// Something that took time, with the times of its beginning and end in nanoseconds.
package struct ProfileEvent: Sendable {
  /// What took the time.
  package enum Kind: Sendable {
    /// A part of a step, which may hold other parts and operators.
    case part(StepPart)
    /// An operator.
    case work(OperatorWork)
  }

  /// What took the time.
  package internal(set) var kind: Kind
  /// The number of events that this one is within.
  package let depth: Int
  /// When it began.
  package internal(set) var start = 0
  /// When it ended.
  package internal(set) var end = 0

  /// How long it took.
  package var nanoseconds: Int { end - start }
}
