import Autograd
import TestSupport
import Testing

/// What recorded work reads and finds written.
@Suite struct RecordedConstantsTests {
  /// A backward pass begins with a one that is there, which a hook changes each time.
  @Test func `ones that are changed are written again`() throws {
    let device = try EmulatedGPU.device()
    let x = Tensor([1, 2, 3] as [Float]).to(device)
    x.requiresGrad = true
    var found = x
    let work = try RecordedWork(on: device) {
      let y = (x * x).sum()
      let hook = y.registerHook { gradient in
        #expect(throws: Never.self) { try noGrad { try gradient *= 2 } }
        return nil
      }
      found = try gradients(of: y, withRespectTo: [x])[0]
      hook.remove()
    }
    for _ in 0..<3 {
      work.run()
      #expect(found.array(of: Float.self) == [4, 8, 12])
    }
  }
}
