import Autograd
import Testing

/// Types of numbers meet as in PyTorch 2.15.
@Suite struct NumberTypeTests {
  private let mask = Tensor([true, false])
  private let bytes = Tensor([1, 200] as [UInt8])
  private let integers = Tensor([1, 2])

  private func holds<T: TensorElement & Equatable>(_ tensor: Tensor, _ expected: [T]) -> Bool {
    tensor.dtype == T.dataType && tensor.array(of: T.self) == expected
  }

  @Test func powersOfIntegers() {
    #expect(holds(Tensor([4, 9]) ** 0.5, [2, 3] as [Float]))
    #expect(holds(Tensor([4, 9]) ** 2, [16, 81]))
    #expect(holds(Tensor([4, 9]) ** Tensor(0.5), [2, 3] as [Float]))
    #expect(holds(mask ** 2, [1, 0]))
  }

  @Test func truthValuesAreAKindOfTheirOwn() {
    #expect(holds(mask * 3, [3, 0]) && holds(mask + 1, [2, 1]) && holds(Tensor(3) * mask, [3, 0]))
    #expect(holds(mask * 0.5, [0.5, 0] as [Float]) && holds(mask / 2, [0.5, 0] as [Float]))
    #expect(holds(mask * Tensor(2.5, dtype: .float64), [2.5, 0] as [Double]))
    #expect(
      holds(mask .== 2, [false, false]) && holds(mask .> -1, [true, true]) && holds(mask .< 0.5, [false, true]))
    #expect(holds(mask .== Tensor(2), [false, false]))
    #expect(holds(mask.filled(with: 1, where: !mask), [true, true]))
  }

  @Test func numbersBeyondTheType() {
    let inf = Float.infinity
    #expect(holds(bytes / 256, [0.00390625, 0.78125] as [Float]))
    #expect(
      holds(bytes .== 256, [false, false]) && holds(bytes .< 256, [true, true]) && holds(bytes .> -1, [true, true]))
    #expect(holds(integers / 1e19, [1.0000000328890079e-19, 2.0000000657780158e-19] as [Float]))
    #expect(holds(integers * 1e19, [1e19, 2e19] as [Float]))
    #expect(holds(integers * .infinity, [inf, inf]) && holds(integers / .infinity, [0, 0] as [Float]))
    #expect(holds(integers .< .infinity, [true, true]) && holds(integers .== .nan, [false, false]))
    #expect(holds(integers + 0.5, [1.5, 2.5] as [Float]) && holds(integers * 2, [2, 4]))
    #expect(holds(integers.filled(with: 0.5, where: mask), [0, 2]))
  }

  @Test func anyNumberCanBeTheIgnoredTarget() {
    let scores = Tensor([[0.0, 0.0], [0.0, 0.0]])
    for ignored in [Int.max, Int.min] {
      let targets = Tensor([ignored, 1])
      #expect(abs(crossEntropy(scores, targets, ignoringTarget: ignored).item() - 0.6931471805599453) < 1e-6)
      #expect(negativeLogLikelihood(scores, targets, ignoringTarget: ignored).item() == 0)
    }
  }

  @Test func boundsBeyondBytes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, 200] as [UInt8]).clamped(min: 300)
    }
    expect(result, says: "clamped of uint8 between 300.0 and 255.0: bytes are from 0 to 255")
  }

  @Test func boundsOfIntegers() {
    #expect(holds(Tensor([-3, 2, 9]).clamped(min: 0, max: 5), [0, 2, 5]) && holds(integers.clamped(max: 1), [1, 1]))
    #expect(
      holds(bytes.clamped(min: 3, max: 100), [3, 100] as [UInt8])
        && holds(bytes.clamped(min: -1, max: 300), bytes.array(of: UInt8.self)))
    #expect(holds(integers.clamped(min: 1.5), [1.5, 2] as [Float]))
    #expect(holds(integers.clamped(min: -.infinity, max: 1), [1, 1] as [Float]))
    for tensor in [integers, bytes] {
      for clamped in [tensor.clamped(min: .nan), tensor.clamped(min: 1, max: .nan)] {
        #expect(clamped.dtype == .float32 && clamped.array(of: Float.self).allSatisfy(\.isNaN))
      }
    }
  }

  @Test func extremaOfIntegers() {
    let x = Tensor([5, Int.min, 3])
    #expect(x.minimum().item() == Double(Int.min) && x.argmin(0).item() == 1 && x.maximum().item() == 5)
    #expect(bytes.maximum().dtype == .uint8 && bytes.maximum().item() == 200 && bytes.minimum().item() == 1)
    #expect(bytes.argmax(0).item() == 1 && bytes.argmin(0).item() == 0)
    #expect(mask.maximum().dtype == .bool && mask.maximum().item() == 1 && mask.minimum().item() == 0)
  }

  @Test func functionsOfIntegers() {
    #expect(holds(Tensor([-3, 0, 2]).abs(), [3, 0, 2]) && holds(bytes.abs(), [1, 200] as [UInt8]))
    #expect(holds(bytes.cumulativeSum(0), [1, 201]) && holds(mask.cumulativeSum(0), [1, 1]))
    #expect(holds(bytes.sorted(descending: true).values, [200, 1] as [UInt8]))
    #expect(holds(bytes.topK(1).values, [200 as UInt8]) && holds(mask.sorted().values, [false, true]))
  }

  @Test func changesInPlaceKeepTheType() throws {
    let x = Tensor([1, 2])
    try x *= mask
    #expect(holds(x, [1, 0]))
    let y = Tensor([1.0, 2.0])
    try y /= integers
    #expect(holds(y, [1, 1] as [Float]))
    try y += Tensor([0.5, 0.5], dtype: .float64)
    #expect(holds(y, [1.5, 1.5] as [Float]))
  }
}
