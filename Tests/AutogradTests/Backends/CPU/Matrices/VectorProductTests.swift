import Autograd
import Testing

/// Products of a matrix and a vector, which is one row or one column of what lies in memory.
@Suite struct VectorProductTests {
  private func values(_ shape: [Int], _ dtype: DataType, seed: UInt64) -> Tensor {
    Tensor.randn(shape, dtype: dtype, generator: RandomGenerator(seed: seed))
  }

  /// Large and small ones, with either factor transposed.
  @Test(arguments: [DataType.float32, .float64], [7, 64, 300])
  func areSumsOfProducts(dtype: DataType, size: Int) {
    let tolerance = dtype == .float64 ? 1e-12 : 1e-4
    let matrix = values([size, 90], dtype, seed: 1)
    let (long, short) = (values([1, size], dtype, seed: 2), values([1, 90], dtype, seed: 3))
    func expectClose(_ found: Tensor, _ expected: Tensor, sourceLocation: SourceLocation = #_sourceLocation) {
      #expect(found.count == expected.count, sourceLocation: sourceLocation)
      let distance = (found.flattened() - expected.flattened()).abs().maximum().item()
      #expect(distance < tolerance, sourceLocation: sourceLocation)
    }
    let rows = (matrix * short).sum([1]), columns = (matrix * long.transposed()).sum([0])
    for threads in [1, 3] {
      LoopThreads.using(threads: threads) {
        expectClose(long.matmul(matrix), columns)
        expectClose(short.matmul(matrix.transposed()), rows)
        expectClose(short.linear(matrix), rows)
        expectClose(matrix.matmul(short.transposed()), rows)
        expectClose(matrix.matmul(short[0]), rows)
        expectClose(matrix.transposed().matmul(long.transposed()), columns)
      }
    }
  }

  /// The gradients are products with a vector, too, and that of the matrix is one of two vectors.
  @Test func gradients() throws {
    let (weight, x) = (values([80, 70], .float64, seed: 1), values([1, 70], .float64, seed: 2))
    let upstream = values([1, 80], .float64, seed: 3)
    for tensor in [weight, x] { tensor.requiresGrad = true }
    for _ in 0..<2 { try x.linear(weight).backward(gradient: upstream) }
    let ofWeight = 2 * upstream.detached().transposed() * x.detached()
    let ofInput = 2 * (upstream.transposed() * weight.detached()).sum([0])
    #expect((try #require(weight.grad) - ofWeight).abs().maximum().item() < 1e-12)
    #expect((try #require(x.grad)[0] - ofInput).abs().maximum().item() < 1e-12)
  }
}
