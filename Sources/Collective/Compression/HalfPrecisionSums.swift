/// The sums of a ``HalfPrecisionCommunicator`` that are under way.
///
/// Slices and results travel in groups of their own, so that all ranks start the calls of each in the order of the sums,
/// whenever the slices of a sum arrive.
final class HalfPrecisionSums {
  private let format: HalfPrecision
  private let slices: any Communicator
  private let results: any Communicator
  /// Oldest first.
  private var underWay: [HalfPrecisionSum] = []
  /// Memory of sums that are complete, for those to come.
  private var spare: [HalfPrecisionSum.Memory] = []

  init(_ format: HalfPrecision, slices: any Communicator, results: any Communicator) {
    self.format = format
    self.slices = slices
    self.results = results
  }

  /// Starts the sum of a buffer with those of all other ranks.
  func start(_ buffer: UnsafeMutableBufferPointer<Float>) throws -> any PendingOperation {
    let sliceCount = (buffer.count + slices.size - 1) / slices.size
    let place = spare.firstIndex { $0.sliceCount == sliceCount }
    let memory = place.map { spare.remove(at: $0) } ?? .init(sliceCount: sliceCount, size: slices.size)
    let sum = HalfPrecisionSum(buffer, format, memory)
    try sum.sendSlices(slices)
    underWay.append(sum)
    return Operation(sums: self, sum: sum)
  }

  /// Does what can be done without waiting.
  func advance() throws {
    for sum in underWay {
      guard try sum.isSliceSummed || sum.haveSlicesArrived() else { break }
      if !sum.isSliceSummed { try sum.sumSlice(results) }
    }
    while let oldest = underWay.first, oldest.isSliceSummed, try oldest.haveResultsArrived() { completeOldest() }
  }

  /// Returns once a sum is complete.
  func wait(for sum: HalfPrecisionSum) throws {
    while !sum.isComplete {
      for other in underWay {
        if !other.isSliceSummed {
          try other.waitForSlices()
          try other.sumSlice(results)
        }
        if other === sum { break }
      }
      try underWay[0].waitForResults()
      completeOldest()
    }
  }

  func finalize() throws { try results.finalize() }

  private func completeOldest() {
    let oldest = underWay.removeFirst()
    oldest.complete()
    spare.append(oldest.memory)
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

    func wait() throws { try sums.wait(for: sum) }

    /// After a failure the group below touches the memory no more: its own operations wait when they are dropped.
    deinit {
      if case .failure = Result(catching: { try sums.wait(for: sum) }) { return }
    }
  }
}

/// One sum: slices out and in, the own slice's sum out and all others' in.
final class HalfPrecisionSum {
  /// 16-bit numbers: this rank's, cut into a slice for each rank and later replaced by the sums; and what each other rank
  /// sent of this rank's slice.
  struct Memory {
    let sliceCount: Int
    let own: CommunicationBuffer
    let received: CommunicationBuffer

    init(sliceCount: Int, size: Int) {
      self.sliceCount = sliceCount
      own = CommunicationBuffer(privateByteCount: sliceCount * size * MemoryLayout<UInt16>.stride)
      received = CommunicationBuffer(privateByteCount: sliceCount * size * MemoryLayout<UInt16>.stride)
    }

    var sliceByteCount: Int { sliceCount * MemoryLayout<UInt16>.stride }

    /// The bytes of a rank's slice.
    func slice(of rank: Int, in buffer: CommunicationBuffer) -> UnsafeMutableBufferPointer<UInt8> {
      buffer.withElements {
        UnsafeMutableBufferPointer(rebasing: $0[rank * sliceByteCount..<(rank + 1) * sliceByteCount])
      }
    }

    /// The numbers of a rank's slice.
    func numbers(of rank: Int, in buffer: CommunicationBuffer) -> UnsafeMutablePointer<UInt16> {
      guard let start = buffer.bytes.baseAddress else { preconditionFailure("a slice at no address") }
      return start.assumingMemoryBound(to: UInt16.self) + rank * sliceCount
    }
  }

  let memory: Memory
  private(set) var isSliceSummed = false
  private(set) var isComplete = false
  private let buffer: UnsafeMutableBufferPointer<Float>
  private let format: HalfPrecision
  private var rank = 0
  private var size = 0
  private var messages: [any PendingOperation] = []

  init(_ buffer: UnsafeMutableBufferPointer<Float>, _ format: HalfPrecision, _ memory: Memory) {
    self.buffer = buffer
    self.format = format
    self.memory = memory
  }

  func sendSlices(_ group: any Communicator) throws {
    (rank, size) = (group.rank, group.size)
    format.narrow(UnsafeBufferPointer(buffer), into: memory.numbers(of: 0, in: memory.own))
    for distance in 1..<size {
      let (source, target) = ((rank + size - distance) % size, (rank + distance) % size)
      messages.append(try group.startReceive(memory.slice(of: source, in: memory.received), from: source, tag: 0))
      messages.append(
        try group.startSend(UnsafeBufferPointer(memory.slice(of: target, in: memory.own)), to: target, tag: 0))
    }
  }

  func haveSlicesArrived() throws -> Bool { try messages.allSatisfy { try $0.test() } }

  func waitForSlices() throws { for message in messages { try message.wait() } }

  func sumSlice(_ group: any Communicator) throws {
    let own = memory.numbers(of: rank, in: memory.own)
    let sources = (0..<size).map {
      UnsafePointer($0 == rank ? own : memory.numbers(of: $0, in: memory.received))
    }
    format.sum(sources, count: memory.sliceCount, into: own)
    let all = memory.own.withElements(of: UInt8.self) { $0 }
    messages = [try group.startAllGather(UnsafeBufferPointer(memory.slice(of: rank, in: memory.own)), into: all)]
    isSliceSummed = true
  }

  func haveResultsArrived() throws -> Bool { try haveSlicesArrived() }

  func waitForResults() throws { try waitForSlices() }

  func complete() {
    format.widen(memory.numbers(of: 0, in: memory.own), into: buffer)
    isComplete = true
  }
}
