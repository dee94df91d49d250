import Autograd
import TestSupport
import Testing

/// QR, singular values and eigenvectors: what they are, and what they do at their limits.
@Suite struct MatrixDecompositionTests {
  private func random(_ shape: [Int]) -> Tensor {
    .randn(shape, dtype: .float64, generator: RandomGenerator(seed: 3))
  }

  private func distance(_ x: Tensor, _ y: Tensor) -> Double { (x - y).abs().maximum().item() }

  private func isOrthogonal(_ columns: Tensor) -> Bool {
    let unit = Tensor.eye(columns.shape[columns.rank - 1]).cast(to: .float64)
    return distance(columns.transposed().matmul(columns), unit) < 1e-13
  }

  @Test(arguments: [[5, 3], [3, 3], [2, 3, 5], [2, 2, 4, 1], [60, 40]])
  func productsOfTheFactorsAreTheMatrices(shape: [Int]) throws {
    let x = random(shape)
    let (q, r) = x.qr()
    #expect(isOrthogonal(q) && distance(q.matmul(r), x) < 1e-13 && distance(r, r.upperTriangle()) == 0)
    let (u, values, vTransposed) = try x.svd()
    #expect(isOrthogonal(u) && isOrthogonal(vTransposed.transposed()))
    #expect(distance((u * values.unsqueezed(-2)).matmul(vTransposed), x) < 1e-13)
    #expect(distance(values, values.sorted(descending: true).values) == 0 && values.minimum().item() > 0)
  }

  @Test(arguments: [[1, 1], [4, 4], [2, 3, 5, 5], [40, 40]])
  func eigenvectorsAreOnlyStretched(shape: [Int]) throws {
    let x = random(shape)
    let symmetric = x + x.transposed()
    let (values, vectors) = try symmetric.symmetricEigenvectors()
    #expect(isOrthogonal(vectors) && distance(symmetric.matmul(vectors), vectors * values.unsqueezed(-2)) < 1e-12)
    #expect(distance(values, values.sorted().values) == 0)
    // The upper triangle is not read.
    let other = try symmetric.lowerTriangle().filled(with: .nan, where: Tensor.ones(shape).upperTriangle(1) .> 0)
      .symmetricEigenvectors()
    #expect(distance(other.values, values) == 0 && distance(other.vectors, vectors) == 0)
  }

  @Test func valuesHaveGradientsWhereVectorsHaveNone() throws {
    for x in [Tensor.eye(3), Tensor.zeros([3, 2]), Tensor.ones([2, 3])] {
      x.requiresGrad = true
      try x.svd().values.sum().backward()
      #expect(try #require(x.grad).isFinite().all().item() == 1, "\(x)")
    }
    let x = Tensor([[2.0, 0], [0, 2]], requiresGrad: true)
    let (values, vectors) = try x.symmetricEigenvectors()
    try values.sum().backward(retainGraph: true)
    #expect(x.grad?.array(of: Float.self) == [1, 0, 0, 1])
    x.grad = nil
    try (vectors * Tensor([[1.0, 2], [3, 5]])).sum().backward()
    #expect(try #require(x.grad).isFinite().all().item() == 0)
  }

  @Test func whatIsNotFiniteHasNoValues() {
    for number in [Double.nan, .infinity] {
      let x = Tensor([[[1.0, 0], [0, 1]], [[1, 0], [number, 1]]], dtype: .float64)
      #expect(throws: LinearAlgebraError.notConverged(operation: "svd", matrix: 1)) { try x.svd() }
      #expect(throws: LinearAlgebraError.notConverged(operation: "symmetricEigenvectors", matrix: 1)) {
        try x.symmetricEigenvectors()
      }
    }
    let message = "\(LinearAlgebraError.notConverged(operation: "svd", matrix: 1))"
    #expect(message.contains("svd: the iteration for matrix 1 did not end"))
  }

  @Test func ofNothing() throws {
    for (shape, inner) in [([0, 3], 0), ([3, 0], 0), ([0, 0], 0), ([0, 2, 4], 2)] {
      let x = Tensor.zeros(shape)
      let (q, r) = x.qr()
      #expect(q.shape == shape.dropLast() + [inner] && r.shape == shape.dropLast(2) + [inner, shape.last ?? 0])
      let (u, values, vTransposed) = try x.svd()
      #expect(u.shape == q.shape && values.shape == shape.dropLast(2) + [inner] && vTransposed.shape == r.shape)
    }
    let (values, vectors) = try Tensor.zeros([0, 0]).symmetricEigenvectors()
    #expect(values.shape == [0] && vectors.shape == [0, 0])
  }

  @Test func tensorsOfAGPUStayThere() throws {
    let device = try EmulatedGPU.device()
    let x = Tensor([[4.0, 2], [2, 10]], requiresGrad: true)
    let moved = x.to(device)
    let (q, r) = moved.qr()
    let (u, values, _) = try moved.svd()
    let vectors = try moved.symmetricEigenvectors().vectors
    #expect([q, r, u, values, vectors].allSatisfy { $0.device == device })
    try (q.sum() + (u * u).sum() + values.sum() + (vectors * vectors).sum()).backward()
    #expect(x.grad?.isFinite().all().item() == 1)
  }

  @Test func shapesThatDoNotFitTrap() async {
    let vector = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0, 2]).qr()
    }
    expect(vector, says: "qr of shape [2], expected [..., m, n]")
    let rectangular = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Tensor.zeros([2, 3]).symmetricEigenvectors()
    }
    expect(rectangular, says: "symmetricEigenvectors of shape [2, 3], expected [..., n, n]")
    let integers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Tensor([[1, 2], [3, 4]]).svd()
    }
    expect(integers, says: "svd is not defined for tensors of int64")
  }
}
