import Foundation

/// The sums of a ``HalfPrecisionCommunicator`` that are under way.
///
/// Each is a ``DirectExchange`` of numbers of 16 bits.
final class HalfPrecisionSums {
  private let format: HalfPrecision
  private let group: any Communicator
  private let names: [Int]
  private let operations = OperationsUnderWay.ofThread
  private var startedCount = 0
  private var underWay: [HalfPrecisionSum] = []
  /// Memory of sums that are complete, for those to come.
  private var spare: [CommunicationBuffer] = []

  /// Sums over a group that has no other messages.
  init(_ format: HalfPrecision, over group: any Communicator) {
    self.format = format
    self.group = group
    names = Array(0..<group.size)
  }

  /// Starts the sum of a buffer with those of all other ranks.
  func start(_ buffer: UnsafeMutableBufferPointer<Float>) throws -> any PendingOperation {
    let byteCount = buffer.count * MemoryLayout<UInt16>.stride
    let place = spare.firstIndex { $0.bytes.count == byteCount }
    let memory = place.map { spare.remove(at: $0) } ?? CommunicationBuffer(privateByteCount: byteCount)
    guard let start = memory.bytes.baseAddress else { preconditionFailure("\(byteCount) bytes at no address") }
    format.narrow(UnsafeBufferPointer(buffer), into: start.assumingMemoryBound(to: UInt16.self))

    let cut = SliceCut(count: buffer.count, size: group.size, elementByteCount: MemoryLayout<UInt16>.stride)
    let slices = (0..<group.size).map(cut.range(of:))
    let addresses = slices.map { start + $0.lowerBound * MemoryLayout<UInt16>.stride }
    let data = DirectExchange.Data(
      counts: slices.map(\.count), contributions: addresses.map { UnsafeRawPointer($0) }, results: addresses,
      isGathered: true)
    startedCount += 1
    let exchange = try DirectExchange(
      data, CollectiveCall(.allReduce, .sum, .float, count: buffer.count), combining: format.combination, group,
      named: names, number: startedCount)
    let sum = HalfPrecisionSum(buffer, memory, exchange)
    underWay.append(sum)
    operations.insert(self)
    return Operation(sums: self, sum: sum)
  }

  func finalize() throws { try group.finalize() }

  /// Lets all sums proceed.
  private func advance() throws {
    defer {
      underWay.removeAll(where: \.isComplete)
      if underWay.isEmpty { operations.remove(self) }
    }
    for sum in underWay where try sum.exchange.test() {
      format.widen(sum.numbers, into: sum.buffer)
      sum.isComplete = true
      spare.append(sum.memory)
    }
  }

  /// A sum as its starter sees it.
  private final class Operation: PendingOperation {
    private let sums: HalfPrecisionSums
    private let sum: HalfPrecisionSum

    init(sums: HalfPrecisionSums, sum: HalfPrecisionSum) {
      self.sums = sums
      self.sum = sum
    }

    func test() throws -> Bool {
      if !sum.isComplete { try sums.advance() }
      return sum.isComplete
    }

    func wait() throws {
      var notice = WaitNotice()
      while try !test() {
        sums.operations.proceed(but: sums)
        sched_yield()
        // The oldest holds up the others.
        guard let exchange = sums.underWay.first?.exchange else { continue }
        notice.tell(
          rank: sums.group.rank,
          waitsFor: "\(exchange.awaited { "rank \($0)" }) in a sum of \(sum.buffer.count) Float in 16 bits")
      }
    }

    /// After a failure the exchange touches the memory no more: its own operations wait when they are dropped.
    deinit { _ = Result { try wait() } }
  }
}

extension HalfPrecisionSums: OperationsUnderWay.Source {
  /// A message that failed remembers that, and throws it when its sum is waited for.
  func proceed() {
    if case .failure = Result(catching: { try advance() }) { operations.remove(self) }
  }
}

/// One sum.
private final class HalfPrecisionSum {
  let buffer: UnsafeMutableBufferPointer<Float>
  /// This rank's numbers in 16 bits, later replaced by the sums.
  let memory: CommunicationBuffer
  let exchange: DirectExchange
  var isComplete = false

  init(_ buffer: UnsafeMutableBufferPointer<Float>, _ memory: CommunicationBuffer, _ exchange: DirectExchange) {
    self.buffer = buffer
    self.memory = memory
    self.exchange = exchange
  }

  var numbers: UnsafePointer<UInt16> {
    guard let start = memory.bytes.baseAddress else { preconditionFailure("16-bit numbers at no address") }
    return UnsafePointer(start.assumingMemoryBound(to: UInt16.self))
  }
}
