import Autograd
import DistTrain
import Synchronization
import Testing

struct PrefetchTests {
  @Test(arguments: [1, 2, 5])
  func makesNoMoreBatchesThanAsked(ahead: Int) throws {
    let data = WatchedSamples(40)
    var batches = DataLoader(data, prefetch: ahead).makeIterator()
    for taken in 1...20 {
      #expect(batches.next()?.numbers == [taken - 1])
      #expect(data.askedBatches.count <= taken + ahead)
    }
    let asked = data.askedBatches
    #expect(asked == asked.indices.map { [$0] })
  }

  @Test func endsItsThreadWhenALoopIsLeft() {
    weak var watched: WatchedSamples?
    do {
      let data = WatchedSamples(1000)
      watched = data
      for batch in DataLoader(data, batchSize: 2, prefetch: 3) where batch.numbers == [8, 9] { break }
      let count = data.askedBatches.count
      #expect(count >= 5 && count <= 8)
    }
    #expect(watched == nil)
  }

  @Test func endsItsThreadAfterAnErrorAndAfterTheLastBatch() throws {
    weak var watched: WatchedSamples?
    do {
      let data = WatchedSamples(4, unreadable: 0)
      watched = data
      var failing = DataLoader(data, prefetch: 2).makeIterator()
      #expect(throws: UnreadableSample(index: 0)) { try failing.nextBatch() }
      var whole = DataLoader(Subset(data, indices: [1, 2, 3]), prefetch: 2).makeIterator()
      while try whole.nextBatch() != nil {}
      #expect(try whole.nextBatch()?.numbers == nil)
    }
    #expect(watched == nil)
  }

  @Test func waitsForTheBatchInTheMaking() {
    let data = SlowSamples()
    var batches = Optional(DataLoader(data, prefetch: 1).makeIterator())
    while data.begun.load(ordering: .sequentiallyConsistent) == 0 {}
    batches = nil
    #expect(batches == nil)
    #expect(
      data.ended.load(ordering: .sequentiallyConsistent) == data.begun.load(ordering: .sequentiallyConsistent))
  }

  @Test(arguments: [0, 1])
  func recordsNoGraph(prefetch: Int) throws {
    var batches = DataLoader(Doubled(), batchSize: 3, prefetch: prefetch).makeIterator()
    let inputs = try #require(try batches.nextBatch()).inputs
    #expect(inputs.array(of: Float.self) == [0, 2, 4])
    #expect(!inputs.requiresGrad)
    #expect(isGradEnabled)
  }
}

/// Samples that take long to make.
private final class SlowSamples: Dataset {
  let count = 3
  let begun = Atomic<Int>(0)
  let ended = Atomic<Int>(0)

  func batch(_ indices: [Int]) -> Batch {
    begun.add(1, ordering: .sequentiallyConsistent)
    var sum = Tensor.zeros([1])
    for _ in 0..<20_000 { sum = sum + 1 }
    ended.add(1, ordering: .sequentiallyConsistent)
    return Batch([sum])
  }
}

/// Samples computed by operations on a tensor that requires gradients.
private struct Doubled: Dataset {
  let count = 9

  func batch(_ indices: [Int]) -> Batch {
    Batch([Tensor(indices.map(Double.init), shape: [indices.count]).cast(to: .float32).requiringGrad * 2])
  }
}

extension Tensor {
  fileprivate var requiringGrad: Tensor {
    requiresGrad = true
    return self
  }
}
