import CMPI

extension MPICommunicator {
  /// Cuts a range of elements into messages that MPI can count. Nothing is no message, unless `emptyIsOne`.
  func messages(_ range: Range<Int>, emptyIsOne: Bool = false) -> [Range<Int>] {
    if range.isEmpty && emptyIsOne { return [range] }
    return stride(from: range.lowerBound, to: range.upperBound, by: messageCapacity).map {
      $0..<min($0 + messageCapacity, range.upperBound)
    }
  }

  /// Starts the broadcast of a range of a buffer.
  func broadcasts<Element: ReducibleElement>(
    of range: Range<Int>, in buffer: UnsafeMutableBufferPointer<Element>, from root: Int, emptyIsOne: Bool = false
  ) throws -> [MPIOperation.Request] {
    try messages(range, emptyIsOne: emptyIsOne).map { message in
      try request("MPI_Ibcast") {
        cmpi_start_broadcast(
          handle, buffer.address(message.lowerBound), Int32(message.count), Element.elementType.mpi, Int32(root), &$0)
      }
    }
  }

  /// The request that an MPI call starts.
  func request(_ call: StaticString, _ start: (inout OpaquePointer?) -> Int32) throws -> MPIOperation.Request {
    MPIOperation.Request(handle: try Self.handle(call, start))
  }

  /// The handle that an MPI call writes.
  static func handle(_ call: StaticString, _ write: (inout OpaquePointer?) -> Int32) throws -> OpaquePointer {
    var handle: OpaquePointer?
    try MPIError.check(write(&handle), call)
    guard let handle else { preconditionFailure("\(call) succeeded without a result") }
    return handle
  }

  static func rankAndSize(of communicator: OpaquePointer) throws -> (rank: Int, size: Int) {
    var rank: Int32 = 0
    var size: Int32 = 0
    try MPIError.check(cmpi_rank(communicator, &rank), "MPI_Comm_rank")
    try MPIError.check(cmpi_size(communicator, &size), "MPI_Comm_size")
    return (Int(rank), Int(size))
  }

  /// Rank and size among those ranks of a communicator that share memory with this one.
  static func localRankAndSize(
    of communicator: OpaquePointer, declaredNode: Int?
  ) throws -> (rank: Int, size: Int) {
    let node = try nodeHandle(of: communicator, declaredNode: declaredNode)
    let place = try rankAndSize(of: node)
    try MPIError.check(cmpi_communicator_free(node), "MPI_Comm_free")
    return place
  }

  /// The ranks of a communicator that share memory with this one.
  static func nodeHandle(of communicator: OpaquePointer, declaredNode: Int?) throws -> OpaquePointer {
    if let declaredNode {
      return try handle("MPI_Comm_split") { cmpi_split(communicator, Int32(declaredNode), 0, &$0) }
    }
    return try handle("MPI_Comm_split_type") { cmpi_split_shared(communicator, &$0) }
  }
}

extension UnsafeBufferPointer {
  func address(_ index: Int) -> UnsafePointer<Element>? { baseAddress.map { $0 + index } }
}

extension UnsafeMutableBufferPointer {
  func address(_ index: Int) -> UnsafeMutablePointer<Element>? { baseAddress.map { $0 + index } }
}

extension ElementType {
  var mpi: CMPIElement {
    switch self {
    case .float: CMPIElementFloat
    case .double: CMPIElementDouble
    case .int32: CMPIElementInt32
    case .int64: CMPIElementInt64
    case .uint8: CMPIElementUInt8
    }
  }
}

extension ReduceOperation {
  var mpi: CMPIOperation {
    switch self {
    case .sum: CMPIOperationSum
    case .minimum: CMPIOperationMinimum
    case .maximum: CMPIOperationMaximum
    case .product: CMPIOperationProduct
    }
  }
}
