import Autograd
import TestSupport
import Testing

/// What functions of matrices do at their limits.
@Suite struct LinearAlgebraTests {
  private let singular = Tensor([[[1.0, 0], [0, 1]], [[1, 2], [2, 4]]], dtype: .float64)

  @Test func matricesWithoutAnInverse() {
    #expect(throws: LinearAlgebraError.singular(operation: "inverse", matrix: 1, row: 1)) { try singular.inverse() }
    #expect(throws: LinearAlgebraError.singular(operation: "solve", matrix: 1, row: 1)) {
      try singular.solve(Tensor.ones([2, 2]))
    }
    let message = "\(LinearAlgebraError.singular(operation: "solve", matrix: 1, row: 1))"
    #expect(message.contains("solve: matrix 1 is singular"))
    let (sign, logarithm) = singular.logAbsoluteDeterminant()
    #expect(sign.array(of: Double.self) == [1, 0] && logarithm.array(of: Double.self) == [0, -.infinity])
    #expect(singular.determinant().array(of: Double.self) == [1, 0])
  }

  @Test func matricesThatAreNotPositiveDefinite() throws {
    let x = Tensor([[[4.0, 9], [2, 10]], [[1, 0], [2, 1]]])
    #expect(throws: LinearAlgebraError.notPositiveDefinite(matrix: 1, row: 1)) { try x.cholesky() }
    #expect("\(LinearAlgebraError.notPositiveDefinite(matrix: 1, row: 1))".contains("not positive definite"))
    // The upper triangle is not read.
    #expect(try x[0].cholesky().array(of: Float.self) == [2, 0, 1, 3])
  }

  @Test func whatIsNotANumberIsNotPositiveDefinite() throws {
    for (x, row) in [([[Double.nan, 0], [0, 1]], 0), ([[1, 0], [.nan, 1]], 1), ([[1, 0], [0, .nan]], 1)] {
      #expect(throws: LinearAlgebraError.notPositiveDefinite(matrix: 0, row: row)) {
        try Tensor(x, dtype: .float64).cholesky()
      }
    }
    // The upper triangle is not read.
    #expect(try Tensor([[1.0, .nan], [0, 1]]).cholesky().array(of: Float.self) == [1, 0, 0, 1])
  }

  @Test func determinantsHaveAllDigits() throws {
    // Of whole numbers, in an order that changes the sign.
    let x = Tensor([[0, 3, 0], [1_000_003.0, 0, 0], [0, 0, 5]])
    #expect(x.determinant().item() == -15_000_045)
    let diagonal = (0..<40).map { $0 < 20 ? Float(0.5) : 8 } + [0.7]
    let product = Tensor.eye(41) * Tensor(diagonal, shape: [41])
    #expect(product.determinant().array(of: Float.self) == [0.7 * Float(1 << 40)])
    // No product of some passes what a number can be, where that of all does not.
    let far = Tensor.eye(4).cast(to: .float64) * Tensor([1e200, 1e200, 1e-200, -1e-200], dtype: .float64)
    #expect(abs(far.determinant().item() + 1) < 1e-12)
    #expect(Tensor([[Double.infinity, 0], [0, 0.0]]).determinant().item().isNaN)
  }

  /// OpenBLAS has threads of its own until it is told otherwise, which add in another order.
  @Test func theFirstFactorHasTheBitsOfLaterOnes() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor.randn([700, 700], dtype: .float64, generator: RandomGenerator(seed: 1))
      let first = x.logAbsoluteDeterminant().logarithm.item()
      _ = BLAS.threadCount
      precondition(x.logAbsoluteDeterminant().logarithm.item() == first, "another determinant")
    }
  }

  @Test func signsAreThoseOfDeterminants() {
    let x = Tensor([[[0.0, 2], [3, 0]], [[-1, 0], [0, 5]], [[-1, 0], [0, -5]]])
    #expect(x.logAbsoluteDeterminant().sign.array(of: Float.self) == [-1, -1, 1])
    let logarithms = x.logDeterminant().array(of: Float.self)
    #expect(logarithms[0].isNaN && logarithms[1].isNaN && abs(logarithms[2] - 1.609438) < 1e-6)
  }

  @Test func ofNothing() throws {
    let none = Tensor.zeros([0, 0])
    #expect(none.determinant().item() == 1)
    #expect(try none.cholesky().shape == [0, 0] && none.inverse().shape == [0, 0])
    #expect(try Tensor.zeros([0, 2, 2]).inverse().shape == [0, 2, 2])
    #expect(try Tensor.eye(3).solve(.zeros([3, 0])).shape == [3, 0])
    #expect(Tensor.eye(3).solveTriangular(.zeros([3, 0]), isUpper: true).shape == [3, 0])
  }

  @Test func tensorsOfAGPUStayThere() throws {
    let device = try EmulatedGPU.device()
    let x = Tensor([[4.0, 2], [2, 10]], requiresGrad: true)
    let factor = try x.to(device).cholesky()
    #expect(factor.device == device && factor.array(of: Float.self) == [2, 0, 1, 3])
    try (factor.solveTriangular(Tensor.ones([2, 1]).to(device), isUpper: false).sum()).backward()
    #expect(x.grad?.isFinite().all().item() == 1)
  }

  @Test func shapesThatDoNotFitTrap() async {
    let rectangular = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Tensor.zeros([2, 3]).inverse()
    }
    expect(rectangular, says: "inverse of shape [2, 3], expected [..., n, n]")
    let right = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Tensor.eye(3).solve(.zeros([2, 1]))
    }
    expect(right, says: "[3, 3]", "[2, 1]")
    let integers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([[1, 2], [3, 4]]).determinant()
    }
    expect(integers, says: "determinant is not defined for tensors of int64")
  }
}
