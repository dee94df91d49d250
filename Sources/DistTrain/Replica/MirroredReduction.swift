import Autograd
import Collective

/// Sums gradients that are on GPUs in the processor's memory, where all that a reducer does works.
///
/// A gradient that becomes ready is brought there while the GPU computes the others, and is then ready for the reducer.
/// The sums go back when the step ends.
final class MirroredReduction: GradientReduction {
  /// Why GPUs do not add up by themselves.
  let reason: String
  private let reducer: any GradientReduction
  private let mirror: HostMirror
  private let ranges: [Range<Int>]
  private let tail: Range<Int>
  /// The gradients on their way to the processor's memory, oldest first.
  private var downloads: [(index: Int, download: HostMirror.Download)] = []
  private var isReady: [Bool]

  /// Reduces the gradients of `arena`, of which `mirror` is, by a `reducer` of the mirror's memory.
  init(_ reducer: any GradientReduction, _ mirror: HostMirror, of arena: ParameterArena, because reason: String) {
    self.reason = reason
    self.reducer = reducer
    self.mirror = mirror
    ranges = arena.ranges
    tail = arena.tail
    isReady = Array(repeating: false, count: ranges.count)
  }

  var sumsDependOnPlan: Bool { reducer.sumsDependOnPlan }

  func use(_ plan: BucketPlan, scattersSums: Bool) { reducer.use(plan, scattersSums: scattersSums) }

  func forget() { reducer.forget() }

  func begin() {
    for index in isReady.indices { isReady[index] = false }
    reducer.begin()
  }

  func abandon() { reducer.abandon() }

  func keepShard() {
    mirror.startDownload(0..<tail.upperBound).wait()
    reducer.keepShard()
  }

  func parameterReady(_ index: Int) throws {
    // Copies end in their order: with the first gradient the tail is there, which the last bucket takes along.
    if downloads.isEmpty && !isReady.contains(true) { _ = mirror.startDownload(tail) }
    isReady[index] = true
    downloads.append((index, mirror.startDownload(ranges[index])))
  }

  func progress() throws {
    while let oldest = downloads.first, oldest.download.isComplete { try deliverOldest() }
    try reducer.progress()
  }

  @discardableResult
  func finish() throws -> Double {
    var stopwatch = Stopwatch()
    // With the first gradient the tail went too, and may have been summed already.
    let tailDownload = isReady.contains(true) ? nil : mirror.startDownload(tail)
    let rest = isReady.indices.filter { !isReady[$0] }.map { mirror.startDownload(ranges[$0]) }
    while let oldest = downloads.first {
      oldest.download.wait()
      try deliverOldest()
    }
    for download in rest { download.wait() }
    tailDownload?.wait()
    try reducer.finish()
    mirror.startUpload(0..<tail.upperBound)
    mirror.finishUploads()
    return stopwatch.lap()
  }

  private func deliverOldest() throws {
    let (index, _) = downloads.removeFirst()
    try reducer.parameterReady(index)
  }
}
