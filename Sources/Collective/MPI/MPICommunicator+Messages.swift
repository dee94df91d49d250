import CMPI

extension MPICommunicator {
  /// Cuts a range of elements into messages that MPI can count.
  func messages(_ range: Range<Int>) -> [Range<Int>] {
    stride(from: range.lowerBound, to: range.upperBound, by: messageCapacity).map {
      $0..<min($0 + messageCapacity, range.upperBound)
    }
  }

  func broadcast<Element: ReducibleElement>(
    _ range: Range<Int>, of buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws {
    for message in messages(range) {
      let code = cmpi_broadcast(
        world, buffer.address(message.lowerBound), Int32(message.count), Element.elementType.mpi, Int32(root))
      try MPIError.check(code, "MPI_Bcast")
    }
  }

  /// The handle that an MPI call writes.
  static func handle(_ call: String, _ write: (inout OpaquePointer?) -> Int32) throws -> OpaquePointer {
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
