import Autograd
import Foundation
import Testing

/// Cross entropy of many places of a sequence or an image, which is computed in columns, against that of rows.
@Suite struct CrossEntropyOfPlacesTests {
  /// Losses, gradient, and the gradient of a sum of its squares.
  private func results(
    _ numbers: Tensor, _ dtype: DataType, reduction: LossReduction, _ losses: (Tensor, LossReduction) -> Tensor
  ) throws -> [[Double]] {
    let x = numbers.cast(to: dtype).detached()
    x.requiresGrad = true
    let loss = losses(x, reduction)
    let upstream = (Tensor(Array(0..<loss.count).map { sin(Double($0)) + 2 }, shape: loss.shape)).cast(to: dtype)
    let plain = try gradients(of: (loss * upstream).sum(), withRespectTo: [x])[0]
    let again = losses(x, reduction)
    let first = try gradients(of: (again * upstream).sum(), withRespectTo: [x], createGraph: true)[0]
    let second = try gradients(of: first.pow(2).sum(), withRespectTo: [x])[0]
    return [loss, plain, first, second].map { $0.array(of: Double.self) }
  }

  @Test(arguments: [1, 2, 21], [[16], [17], [3, 100]])
  func `columns are as exact as rows`(classes: Int, places: [Int]) throws {
    let generator = RandomGenerator(seed: 12)
    let shape = [2, classes] + places
    let numbers = Tensor.randn(shape, standardDeviation: 3, dtype: .float64, generator: generator)
    let labels = Tensor.randint(0..<classes, [2] + places, generator: generator)
    let targets = Tensor.select(Tensor.rand([2] + places, generator: generator) .< 0.2, Tensor(-100), labels)
    let order = [0] + (2..<shape.count) + [1]
    for (reduction, smoothing) in [(LossReduction.none, 0), (.none, 0.1), (.mean, 0.1), (.sum, 0)] {
      func columns(_ x: Tensor, _ reduction: LossReduction) -> Tensor {
        crossEntropy(x, targets, reduction: reduction, labelSmoothing: smoothing)
      }
      func rows(_ x: Tensor, _ reduction: LossReduction) -> Tensor {
        let losses = crossEntropy(
          x.permuted(order).reshaped([-1, classes]), targets.flattened(), reduction: reduction,
          labelSmoothing: smoothing)
        return reduction == .none ? losses.reshaped(targets.shape) : losses
      }
      let exact = try results(numbers, .float64, reduction: reduction, rows)
      for (dtype, bound) in [(DataType.float64, 1e-12), (.float32, 1e-5)] {
        for (found, exact) in zip(try results(numbers, dtype, reduction: reduction, columns), exact) {
          #expect(found.count == exact.count)
          #expect(zip(found, exact).allSatisfy { abs($0 - $1) <= bound * max(1, abs($1)) })
        }
      }
    }
  }

  @Test func `an ignored place may hold anything`() throws {
    let x = Tensor.zeros([1, 2, 20], dtype: .float64)
    x[0, 0, 3] = Tensor(Double.nan)
    x[0, 1, 3] = Tensor(Double.infinity)
    x.requiresGrad = true
    var labels = [Int](repeating: 1, count: 20)
    labels[3] = -100
    try crossEntropy(x, Tensor(labels, shape: [1, 20]), reduction: .sum).backward()
    let expected = [0.5, -0.5].flatMap { (slope: Double) in (0..<20).map { $0 == 3 ? 0 : slope } }
    #expect(x.grad?.array(of: Double.self) == expected)
  }
}
