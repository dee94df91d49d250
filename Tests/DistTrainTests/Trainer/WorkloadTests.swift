import DistTrain
import Testing

struct WorkloadTests {
  /// Half of what PyTorch 2.15's `FlopCounterMode` counts in the forward and backward pass of one sample.
  @Test(arguments: [
    (Workload.tiny, 904), (.mlp, 1_203_712), (.cnn, 12_497_664), (.resnet18, 1_664_498_688),
  ])
  func `multiply-adds are as many as PyTorch counts`(_ workload: Workload, _ expected: Int) {
    #expect(workload.multiplyAddsPerSample == expected)
  }
}
