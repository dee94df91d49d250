import Autograd
import DistTrain
import Testing

struct WorkloadTests {
  /// Half of what PyTorch 2.15's `FlopCounterMode` counts in the forward and backward pass of one sample.
  @Test(arguments: [
    (Workload.tiny, 904), (.mlp, 1_203_712), (.cnn, 12_497_664), (.resnet18, 1_664_498_688), (.vit, 123_185_920),
  ])
  func `multiply-adds are as many as PyTorch counts`(_ workload: Workload, _ expected: Int) {
    #expect(workload.multiplyAddsPerSample == expected)
  }

  @Test(arguments: [Workload.tiny, .mlp, .wide, .deep])
  func `a perceptron's multiply-adds are those of its model's weights`(_ workload: Workload) {
    let counts = workload.makeModel().parameters.filter { $0.rank == 2 }.map(\.count)
    #expect(workload.multiplyAddsPerSample == 3 * counts.reduce(0, +) - counts[0])
  }

  @Test(arguments: Workload.allCases)
  func `to count multiply-adds draws no numbers`(_ workload: Workload) {
    manualSeed(7)
    let expected = Tensor.rand([4]).array(of: Float.self)
    manualSeed(7)
    _ = workload.multiplyAddsPerSample
    #expect(Tensor.rand([4]).array(of: Float.self) == expected)
  }
}
