import Autograd
import Foundation
import Testing
import TestSupport

/// Tensors, modules and optimizers on a GPU, against the same on the processor.
@Suite struct CUDATensorTests {
  @Test func tensorsGoToTheDeviceAndBack() throws {
    let gpu = try EmulatedGPU.device()
    let x = Tensor([[1.5, -2], [0, 3]])
    let moved = x.to(gpu)
    #expect(moved.device == gpu && moved.shape == x.shape && moved.dtype == x.dtype)
    #expect(moved.cuda() === moved)
    #expect(moved.cpu().array(of: Float.self) == [1.5, -2, 0, 3])
    #expect(moved[1, 1].item() == 3)
    #expect(moved.description == "tensor([[ 1.5000, -2.0000],\n        [ 0.0000,  3.0000]], device='cuda:0')")
    // Longer than a staging buffer, and not a whole number of them.
    let many = Tensor.arange(700_001)
    #expect(many.cuda().array(of: Int.self) == many.array(of: Int.self))
    #expect(Tensor.zeros([0, 3], device: gpu).array(of: Float.self) == [])
  }

  /// What another thread copies does not keep this one's work from being recorded.
  @Test func copiesAreCountedByThread() throws {
    let gpu = try EmulatedGPU.device()
    let before = RecordedWork.transferCount
    let isDone = DispatchSemaphore(value: 0)
    Thread {
      _ = Tensor([1.0, 2]).to(gpu)
      isDone.signal()
    }.start()
    isDone.wait()
    #expect(RecordedWork.transferCount == before)
    #expect(Tensor([1.0, 2]).to(gpu).array(of: Float.self) == [1, 2])
    #expect(RecordedWork.transferCount == before + 2)
  }

  @Test func elementsAreWrittenInPlace() throws {
    let x = Tensor([1.0, 2, 3], device: try EmulatedGPU.device())
    x.withMutableElements(of: Float.self) { $0[1] = 7 }
    try x.copyElements(from: x * 2)
    #expect(x.array(of: Float.self) == [2, 14, 6])
    try x.copyElements(from: Tensor([1.0, 2, 3], dtype: .float64))
    #expect(x.array(of: Float.self) == [1, 2, 3])
  }

  @Test func creationAndDrawsAgreeWithTheProcessor() throws {
    let gpu = try EmulatedGPU.device()
    func same(_ make: (Device) -> Tensor) {
      let (there, here) = (make(gpu), make(.cpu))
      #expect(there.device == gpu && there.dtype == here.dtype)
      #expect(there.array(of: Double.self) == here.array(of: Double.self))
    }
    same { .full([3], 2.5, device: $0) }
    same { .ones([2, 2], dtype: .int64, device: $0) }
    same { .arange(2..<9, step: 3, device: $0) }
    same { .linspace(from: 0, to: 1, count: 5, device: $0) }
    same { .eye(3, device: $0) }
    same { .zerosLike(.ones([2], device: $0)) }
    same { .rand([20], device: $0, generator: RandomGenerator(seed: 1)) }
    same { .randn([20], dtype: .float64, device: $0, generator: RandomGenerator(seed: 1)) }
    same { .randint(0..<9, [7], device: $0, generator: RandomGenerator(seed: 1)) }
    same { .randperm(9, device: $0, generator: RandomGenerator(seed: 1)) }
    same { .bernoulli([9], probability: 0.4, device: $0, generator: RandomGenerator(seed: 1)) }
  }

  @Test func numbersOnTheProcessorCombineWithTensorsOnTheGPU() throws {
    let x = Tensor([1.0, 2], device: try EmulatedGPU.device(), requiresGrad: true)
    let factor = Tensor(3.0, requiresGrad: true)
    let y = (factor * x + 1).sum()
    #expect(y.item() == 11)
    try y.backward()
    #expect(x.grad?.device == x.device && factor.grad?.device == .cpu)
    #expect(x.grad?.array(of: Float.self) == [3, 3])
    #expect(factor.grad?.item() == 3)
  }

  @Test func gradientsFlowBackThroughACopy() throws {
    let x = Tensor([1.0, 2], requiresGrad: true)
    try (x.to(EmulatedGPU.device()) * 2).cpu().sum().backward()
    #expect(x.grad?.device == .cpu && x.grad?.array(of: Float.self) == [2, 2])
  }

  @Test func mixturesTrap() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor([1.0, 2]).to(try EmulatedGPU.device()) + Tensor([1.0, 2])
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor([[1.0]]).to(try EmulatedGPU.device()).matmul(Tensor([[1.0]]))
    }
  }

  @Test func integerProducts() throws {
    let a = Tensor.randint(-9..<9, [3, 5, 7], generator: RandomGenerator(seed: 1))
    let b = Tensor.randint(-9..<9, [7, 4], generator: RandomGenerator(seed: 2))
    let gpu = try EmulatedGPU.device()
    #expect(a.to(gpu).matmul(b.to(gpu)).array(of: Int.self) == a.matmul(b).array(of: Int.self))
  }

  @Test func batchesOfProductsWithBroadcastingAgree() throws {
    let generator = RandomGenerator(seed: 3)
    let a = Tensor.randn([2, 1, 3, 5], dtype: .float64, generator: generator)
    let b = Tensor.randn([4, 5, 6], dtype: .float64, generator: generator)
    let gpu = try EmulatedGPU.device()
    let (found, expected) = (a.to(gpu).matmul(b.to(gpu)), a.matmul(b))
    #expect(found.shape == expected.shape)
    for (x, y) in zip(found.array(of: Double.self), expected.array(of: Double.self)) { #expect(abs(x - y) < 1e-13) }
  }

  /// So large that factors are converted before they are multiplied; no sum of what they become is rounded.
  @Test func largeProductsOfBFloat16() throws {
    func products(on device: Device, factor: Double) throws -> [[Float]] {
      let generator = RandomGenerator(seed: 4)
      func integers(_ range: Range<Int>, _ shape: [Int], times factor: Double = 1) -> Tensor {
        let x = (Tensor.randint(range, shape, generator: generator).cast(to: .float32) * factor).to(device)
        x.requiresGrad = true
        return x
      }
      let x = integers(-8..<9, [515, 513], times: factor), weight = integers(-8..<9, [513, 518], times: factor)
      let y = x.matmul(weight)
      try (y * integers(-1..<2, y.shape)).sum().backward()
      return try [y, #require(x.grad), #require(weight.grad)].map { $0.array(of: Float.self) }
    }
    let expected = try products(on: .cpu, factor: 1)
    let found = try withProductPrecision(.bfloat16) { try products(on: EmulatedGPU.device(), factor: 1 + 0x1p-10) }
    #expect(found == expected)
  }

  @Test func precisionsOfProductsDiffer() throws {
    defer { ProductPrecision.current = .float32 }
    // As large as cuBLAS needs matrices to be before it rounds their elements: small products are made exactly.
    let size = 128
    let row = [1 + 0x1p-9, 1 + 0x1p-12] + [Double](repeating: 0, count: size - 2)
    let x = Tensor((0..<size).flatMap { _ in row }, shape: [size, size]).cast(to: .float32).to(try EmulatedGPU.device())
    let ones = Tensor.ones([size, size], device: x.device)
    for (precision, sum) in [(ProductPrecision.float32, 2 + 0x1p-9 + 0x1p-12), (.tf32, 2 + 0x1p-9), (.bfloat16, 2)] {
      ProductPrecision.current = precision
      #expect(x.matmul(ones).array(of: Double.self).allSatisfy { $0 == sum }, "\(precision)")
    }
  }
}
