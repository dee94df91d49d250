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

  /// One value of every rank, in the order of the ranks. Collective.
  package func gathered<Element: ReducibleElement>(_ value: Element) throws -> [Element] {
    var values = [Element](repeating: 0, count: size)
    values[rank] = value
    try allReduce(&values, .sum)
    return values
  }

  /// Copies rank `root`'s array into the others', which take its count.
  public func broadcast<Element: ReducibleElement>(_ values: inout [Element], from root: Int) throws {
    var count = Int64(values.count)
    try withUnsafeMutablePointer(to: &count) {
      try broadcast(UnsafeMutableBufferPointer(start: $0, count: 1), from: root)
    }
    if values.count != Int(count) { values = [Element](repeating: 0, count: Int(count)) }
    try values.withUnsafeMutableBufferPointer { try broadcast($0, from: root) }
  }

  /// Every rank's array, in the order of the ranks; they may have different counts.
  public func gathered<Element: ReducibleElement>(_ values: [Element]) throws -> [[Element]] {
    try (0..<size).map { root in
      var array = root == rank ? values : []
      try broadcast(&array, from: root)
      return array
    }
  }

  /// Rank `root`'s value on every rank, as JSON on its way; the other ranks' argument is not looked at.
  ///
  /// - Throws: On all ranks what the root's encoding throws; what decoding throws; when communication fails.
  public func broadcast<Value: Codable>(encoding value: Value, from root: Int) throws -> Value {
    let own = try agree(on: "encoding a value") { rank == root ? try JSONText.encoded(value) : "" }
    return try JSONText.decoded(Value.self, from: broadcast(own, from: root))
  }

  /// Every rank's value, in the order of the ranks, as JSON on its way.
  ///
  /// - Throws: On all ranks what an encoding throws; what decoding throws; when communication fails.
  public func gathered<Value: Codable>(encoding value: Value) throws -> [Value] {
    let own = try agree(on: "encoding a value") { Array(try JSONText.encoded(value).utf8) }
    return try gathered(own).map { try JSONText.decoded(Value.self, from: String(decoding: $0, as: UTF8.self)) }
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
    var bytes = rank == root ? Array(text.utf8) : []
    try broadcast(&bytes, from: root)
    return String(decoding: bytes, as: UTF8.self)
  }
}
