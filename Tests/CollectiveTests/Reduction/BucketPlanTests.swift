import Collective
import Testing

@Suite struct BucketPlanTests {
  private let parameters = [0..<10, 10..<30, 30..<35, 35..<100, 100..<104]

  @Test func `a bucket is full once it has reached its size`() {
    let plan = BucketPlan(parameters: parameters, bytesPerElement: 4, sizes: BucketSizes(first: 40, others: 100))
    #expect(plan.buckets.map(\.elements) == [0..<10, 10..<35, 35..<100, 100..<104])
    #expect(plan.buckets.map(\.parameters) == [0..<1, 1..<3, 3..<4, 4..<5])
  }

  @Test func `the tail belongs to the last bucket`() {
    let plan = BucketPlan(
      parameters: parameters, tailCount: 2, bytesPerElement: 4, sizes: BucketSizes(first: 40, others: 100))
    #expect(plan.buckets.map(\.elements) == [0..<10, 10..<35, 35..<100, 100..<106])
    #expect(plan.elementCount == 106)
  }

  @Test func `large buckets hold everything`() {
    let plan = BucketPlan(parameters: parameters, tailCount: 2, bytesPerElement: 4)
    #expect(plan.buckets.map(\.elements) == [0..<106])
    #expect(plan.buckets.map(\.parameters) == [0..<5])
  }

  @Test func `without parameters the tail is a bucket`() {
    #expect(BucketPlan(parameters: [], bytesPerElement: 4).buckets.isEmpty)
    #expect(BucketPlan(parameters: [], tailCount: 2, bytesPerElement: 4).buckets.map(\.elements) == [0..<2])
  }

  @Test func `a gap between parameters traps, and says where`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BucketPlan(parameters: [0..<3, 4..<5], bytesPerElement: 4)
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("parameter 1 begins at 4, expected 3"), "\(message.prefix(400))")
  }
}
