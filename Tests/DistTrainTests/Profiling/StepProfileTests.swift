import Autograd
import DistTrain
import Testing

struct StepProfileTests {
  /// The events of steps that multiply matrices, and the profile of them.
  private func profile(steps: Int) -> (events: [ProfileEvent], profile: StepProfile) {
    let (x, weight) = (Tensor.rand([16, 32]), Tensor.rand([8, 32]))
    let profiler = Profiler()
    profiler.record {
      for _ in 0..<steps {
        profiled(.step) {
          profiled(.forward) { for _ in 0..<2 { _ = x.linear(weight) } }
          profiled(.backward) { profiled(.overlappedAllReduce) {} }
        }
      }
    }
    var profile = StepProfile()
    profile.add(profiler.events)
    return (profiler.events, profile)
  }

  @Test func `rows add up to the steps`() throws {
    let (events, profile) = profile(steps: 3)
    #expect(profile.stepCount == 3)
    #expect(profile.nanoseconds == events.filter { $0.depth == 0 }.reduce(0) { $0 + $1.nanoseconds })
    let rows = profile.longestFirst
    #expect(rows.map(\.nanoseconds) == rows.map(\.nanoseconds).sorted(by: >))
    #expect(rows.allSatisfy { $0.nanoseconds >= 0 })
    #expect(Set(rows.map(\.part)) == [.step, .forward, .backward, .overlappedAllReduce])
    let product = try #require(rows.first { $0.name == "matmul a·bᵀ" })
    #expect(product.part == .forward && product.calls == 6 && product.extent == "16 × 8 × 32")
    #expect(product.flops == 6 * 2 * 16 * 8 * 32)
    #expect(product.bytes == 6 * 4 * (16 * 32 + 8 * 32 + 16 * 8))
    let rate = try #require(product.gigaflops)
    #expect(abs(rate * Double(product.nanoseconds) / Double(6 * 2 * 16 * 8 * 32) - 1) < 1e-9)
  }

  @Test func `the nearer ceiling is named`() {
    let (_, profile) = profile(steps: 1)
    func line(_ ceilings: StepProfile.Ceilings) -> Substring {
      profile.table(ceilings).split(separator: "\n").first { $0.contains("matmul") } ?? ""
    }
    #expect(line(.init(source: "here", flopsPerSecond: 1e9, bytesPerSecond: 1e30)).contains("% of FLOP/s |"))
    #expect(line(.init(source: "here", flopsPerSecond: 1e30, bytesPerSecond: 1e9)).contains("% of B/s |"))
    let lines = profile.table(.init(source: "here", flopsPerSecond: 1e9, bytesPerSecond: 1e9)).split(separator: "\n")
    #expect(Set(lines.map(\.count)).count == 1)
    #expect(lines.count == 2 + profile.longestFirst.count + 1)
  }

  @Test func `the last steps are cut out whole`() {
    let (events, _) = profile(steps: 4)
    let last = events.suffix(steps: 2)
    #expect(2 * last.count == events.count && last.first?.depth == 0)
    #expect(events.suffix(steps: 9).count == events.count)
    #expect([ProfileEvent]().suffix(steps: 1).isEmpty)
  }
}
