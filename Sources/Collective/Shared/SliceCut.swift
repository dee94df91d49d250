/// The cut of elements over ranks at cache lines, so that no two ranks write into the same line of a buffer.
struct SliceCut {
  let count: Int
  private let length: Int

  init(count: Int, size: Int, elementByteCount: Int) {
    self.count = count
    let granule = 64 / elementByteCount
    let granules = count / granule + (count % granule == 0 ? 0 : 1)
    length = (granules / size + (granules % size == 0 ? 0 : 1)) * granule
  }

  func range(of rank: Int) -> Range<Int> {
    // `length` is at least count / size, so all ranges but the last few are full; no product overflows before `count`.
    let (start, overflow) = length.multipliedReportingOverflow(by: rank)
    guard !overflow && start < count else { return count..<count }
    return start..<start + min(length, count - start)
  }
}
