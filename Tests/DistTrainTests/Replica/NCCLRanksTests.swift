import Autograd
import Collective
import Foundation
import Synchronization
import Testing
import TestSupport

/// Ranks that leave a group of NCCL's, on emulated GPUs; the real library has ranks of one process leave otherwise.
@Suite(.enabled(if: !EmulatedGPU.isReal, "the ranks are threads"))
struct NCCLRanksTests {
  /// Runs `body` on two ranks, each with a group and an array of ones on its GPU.
  private func run(
    _ body: @escaping @Sendable (_ rank: Int, _ group: inout NCCLGroup?, _ x: Tensor) throws -> Void
  ) throws {
    _ = try EmulatedGPU.device()
    let id = try NCCLGroup.makeID()
    _ = try ThreadCommunicator.run(size: 2) { communicator in
      let device = Device.cuda(communicator.rank)
      try device.open()
      var group: NCCLGroup? = try NCCLGroup(id: id, rank: communicator.rank, size: 2, device: device)
      try body(communicator.rank, &group, .ones([1000], device: device))
    }
  }

  @Test func `a rank that is done waits for the other, whose sums may need its memory`() throws {
    let isOtherDone = Atomic(false)
    try run { rank, group, x in
      try group?.startSum(0..<1000, of: x)
      try group?.finishSums()
      if rank == 1 {
        Thread.sleep(forTimeInterval: 0.3)
        isOtherDone.store(true, ordering: .sequentiallyConsistent)
      }
      group = nil
      let wasOtherDone = isOtherDone.load(ordering: .sequentiallyConsistent)
      #expect(wasOtherDone)
      #expect(x.array(of: Double.self) == Array(repeating: 2, count: 1000))
    }
  }

  @Test func `sums that were not waited for are all there after the group`() throws {
    try run { rank, group, x in
      if rank == 1 { Thread.sleep(forTimeInterval: 0.3) }
      try group?.startSum(0..<1000, of: x)
      group = nil
      #expect(x.array(of: Double.self) == Array(repeating: 2, count: 1000))
    }
  }

  @Test func `recorded sums in which the other takes no part are ended, and can be forgotten`() throws {
    try run { rank, group, x in
      let sums = group
      var work: RecordedWork? = try RecordedWork(on: x.device) {
        try sums?.startSum(0..<1000, of: x)
        try sums?.finishSums()
      }
      work?.run()
      #expect(sums?.settle() == true)
      if rank == 0 {
        work?.run()
        #expect(sums?.settle(within: 0.2) == false)
      }
      work = nil
      group = nil
    }
  }

  @Test func `a rank that leaves alone goes on after a while`() throws {
    let isAlone = DispatchSemaphore(value: 0)
    try run { rank, group, _ in
      if rank == 1 { isAlone.wait() }
      let start = withExtendedLifetime(group) { ContinuousClock.now }
      group = nil
      if rank == 0 {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        #expect(seconds >= 1.9, "\(seconds) s")
        isAlone.signal()
      }
    }
  }
}
