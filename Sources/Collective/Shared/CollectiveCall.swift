import CSharedMemory

/// What a rank calls, so that ranks which meet can see whether they agree.
package struct CollectiveCall: Equatable, CustomStringConvertible {
  enum Kind: UInt8 {
    case allReduce
    case allReduceInPlace
    case reduceScatter
    case broadcast
    case allGather
    case barrier
    case reduceScatterInPlace
    case allGatherInPlace
    /// No call any more.
    case end
  }

  let kind: Kind
  let operation: ReduceOperation
  let element: ElementType
  let root: Int
  /// Elements: of the whole, where ranks have parts.
  let count: Int

  /// Everything but the count, as one word of a flag's cache line.
  var code: UInt64 {
    UInt64(kind.rawValue) | UInt64(operation.shared.rawValue) << 8 | UInt64(element.shared.rawValue) << 16
      | UInt64(UInt32(root)) << 32
  }

  init(_ kind: Kind, _ operation: ReduceOperation = .sum, _ element: ElementType = .uint8, count: Int, root: Int = 0) {
    self.kind = kind
    self.operation = operation
    self.element = element
    self.root = root
    self.count = count
  }

  /// The call of another rank; nil when the words are none that a rank writes.
  init?(code: UInt64, count: UInt64) {
    guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: code)),
      let operation = ReduceOperation.allCases.first(where: {
        $0.shared.rawValue == UInt32(UInt8(truncatingIfNeeded: code >> 8))
      }),
      let element = ElementType.allCases.first(where: {
        $0.shared.rawValue == UInt32(UInt8(truncatingIfNeeded: code >> 16))
      }), let count = Int(exactly: count)
    else { return nil }
    self.init(kind, operation, element, count: count, root: Int(UInt32(truncatingIfNeeded: code >> 32)))
  }

  /// The call in words.
  package var description: String {
    switch kind {
    case .allReduce: "an all-reduce (\(operation)) of \(count) \(element.name)"
    case .allReduceInPlace: "an all-reduce (\(operation)) of \(count) \(element.name) in the shared window"
    case .reduceScatter: "a reduce-scatter (\(operation)) of \(count) \(element.name)"
    case .broadcast: "a broadcast from rank \(root) of \(count) \(element.name)"
    case .allGather: "an all-gather of \(count) \(element.name)"
    case .barrier: "a barrier"
    case .reduceScatterInPlace:
      "a reduce-scatter (\(operation)) of \(count) \(element.name) in the shared window"
    case .allGatherInPlace: "an all-gather of \(count) \(element.name) in the shared window"
    case .end: "the end of its work"
    }
  }
}

extension CollectiveError {
  /// Of two ranks, the lower one first; nil for a call that is not known.
  static func mismatchedCalls(
    by own: (rank: Int, call: CollectiveCall?), and other: (rank: Int, call: CollectiveCall?)
  ) -> CollectiveError {
    let (first, second) = own.rank < other.rank ? (own, other) : (other, own)
    func text(_ call: CollectiveCall?) -> String { call?.description ?? "something unknown" }
    return .mismatchedCalls(
      rank: first.rank, call: text(first.call), otherRank: second.rank, otherCall: text(second.call))
  }
}

extension ElementType {
  /// The Swift type's name.
  var name: String {
    switch self {
    case .float: "Float"
    case .double: "Double"
    case .int32: "Int32"
    case .int64: "Int64"
    case .uint8: "UInt8"
    }
  }

  var shared: CSMElement {
    switch self {
    case .float: CSMElementFloat
    case .double: CSMElementDouble
    case .int32: CSMElementInt32
    case .int64: CSMElementInt64
    case .uint8: CSMElementUInt8
    }
  }

  var byteCount: Int {
    switch self {
    case .float, .int32: 4
    case .double, .int64: 8
    case .uint8: 1
    }
  }
}

extension ReduceOperation {
  var shared: CSMOperation {
    switch self {
    case .sum: CSMOperationSum
    case .minimum: CSMOperationMinimum
    case .maximum: CSMOperationMaximum
    case .product: CSMOperationProduct
    }
  }
}
