import Autograd
import TestSupport
import Testing

/// The operators and optimizers of PyTorch's fixtures by the kernels for GPUs, on the emulated one.
@Suite struct CUDAFixtureTests {
  @Test(arguments: OperatorFixture.all.cases.indices)
  func operatorsAgreeWithPyTorch(index: Int) throws {
    try OperatorFixtureTests.check(index, on: EmulatedGPU.device())
  }

  @Test(arguments: OperatorFixture.all.cases.indices.filter { OperatorFixture.all.cases[$0].op.contains("conv") })
  func convolutionsByOwnKernelsAgreeWithPyTorch(index: Int) throws {
    try Kernels.choosing(generic: true) { try OperatorFixtureTests.check(index, on: EmulatedGPU.device()) }
  }

  @Test(arguments: LayerFixtureTests.models.keys.sorted())
  func layersAgreeWithPyTorch(name: String) throws {
    try LayerFixtureTests.check(name, inArena: true, on: EmulatedGPU.device())
  }

  @Test(arguments: OptimizerFixture.all.optimizers.indices)
  func everyStepIsPyTorchs(index: Int) throws {
    let run = OptimizerFixture.all.optimizers[index]
    let weight = run.initial.tensor.to(try EmulatedGPU.device())
    let optimizer = run.makeOptimizer([weight])
    for (gradient, expected) in zip(run.gradients, run.after_each_step) {
      weight.grad = Tensor(gradient.map { $0 * 4 }, shape: weight.shape).to(weight.device)
      optimizer.step(gradientScale: 0.25)
      for (a, b) in zip(weight.array(of: Double.self), expected) {
        #expect(abs(a - b) <= 2e-6 * max(abs(b), 1), "\(run): \(a) instead of \(b)")
      }
    }
  }
}
