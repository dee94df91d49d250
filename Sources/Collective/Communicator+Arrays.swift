extension Communicator {
  /// Combines an array of the same count on every rank, in place.
  public func allReduce<Element: ReducibleElement>(_ values: inout [Element], _ operation: ReduceOperation) throws {
    try values.withUnsafeMutableBufferPointer { try allReduce($0, operation) }
  }

  /// Combines one value of every rank.
  public func allReduced<Element: ReducibleElement>(_ value: Element, _ operation: ReduceOperation) throws -> Element {
    var values = [value]
    try allReduce(&values, operation)
    return values[0]
  }

  /// Copies rank `root`'s array into the others', which have the same count.
  public func broadcast<Element: ReducibleElement>(_ values: inout [Element], from root: Int) throws {
    try values.withUnsafeMutableBufferPointer { try broadcast($0, from: root) }
  }

  /// Sends an array to a rank that receives one of the same count, as the method for buffers says.
  public func send<Element: ReducibleElement>(_ values: [Element], to rank: Int, tag: Int = 0) throws {
    try values.withUnsafeBufferPointer { try send($0, to: rank, tag: tag) }
  }

  /// Receives an array of the same count that `rank` sends, as the method for buffers says.
  public func receive<Element: ReducibleElement>(_ values: inout [Element], from rank: Int, tag: Int = 0) throws {
    try values.withUnsafeMutableBufferPointer { try receive($0, from: rank, tag: tag) }
  }

  /// Returns rank `root`'s text on every rank; the other ranks' argument is not looked at.
  public func broadcast(_ text: String, from root: Int) throws -> String {
    var bytes = Array(text.utf8)
    var count = [Int64(bytes.count)]
    try broadcast(&count, from: root)
    if rank != root { bytes = Array(repeating: 0, count: Int(count[0])) }
    try broadcast(&bytes, from: root)
    return String(decoding: bytes, as: UTF8.self)
  }
}
