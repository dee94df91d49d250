import Autograd
import Testing
import TestSupport

/// Sums and gathering by NCCL, alone, so that one real GPU is enough; `ReplicaCheck` has several ranks.
@Suite(.enabled(if: try hasNCCL, "there is no NCCL"))
struct NCCLGroupTests {
  private let device: Device
  private let group: NCCLGroup

  init() throws {
    device = try EmulatedGPU.device()
    group = try NCCLGroup(id: try NCCLGroup.makeID(), rank: 0, size: 1, device: device)
  }

  private func doubledSum(of x: Tensor, _ count: Int) throws -> Tensor {
    // The sum is of what was computed before it, and what comes after computes on the sum.
    let doubled = x + x
    try group.startSum(0..<count, of: doubled)
    try group.startSum(count..<x.count, of: doubled)
    try group.finishSums()
    return doubled + 1
  }

  @Test(arguments: [DataType.float32, .float64])
  func `sums lie between the computation before and after`(_ dtype: DataType) throws {
    let x = Tensor((0..<100_000).map(Double.init), dtype: dtype).to(device)
    let result = try doubledSum(of: x, 70_000)
    let expected: [Double] = (0..<100_000).map { Double(2 * $0 + 1) }
    #expect(result.array(of: Double.self) == expected)
  }

  @Test func `sums are part of recorded work`() throws {
    let x = Tensor.zeros([1000], device: device)
    var result: Tensor?
    let work = try RecordedWork(on: device) { result = try doubledSum(of: x, 300) }
    for value in [1.0, 5.0] {
      try x.fill(value)
      work.run()
      #expect(try #require(result).array(of: Double.self) == Array(repeating: 2 * value + 1, count: 1000))
    }
  }

  @Test func `parts are gathered between the computation before and after`() throws {
    let x = Tensor((0..<100_000).map(Double.init)).to(device)
    let doubled = x + x
    try group.gatherParts(of: doubled)
    let expected: [Double] = (0..<100_000).map { Double(2 * $0 + 1) }
    #expect((doubled + 1).array(of: Double.self) == expected)
  }

  @Test func `an error while work is recorded leaves nothing behind`() throws {
    struct Failure: Error {}
    let x = Tensor.ones([1000], device: device)
    #expect(throws: Failure.self) {
      _ = try RecordedWork(on: device) {
        try group.startSum(0..<1000, of: x + x)
        // Before the sum was joined.
        throw Failure()
      }
    }
    #expect((x + x).array(of: Double.self) == Array(repeating: 2, count: 1000))
  }
}

/// Whether the emulator, or in its place a machine with a GPU, has NCCL.
private var hasNCCL: Bool {
  get throws {
    _ = try EmulatedGPU.device()
    return try NCCLGroup.version() != nil
  }
}
