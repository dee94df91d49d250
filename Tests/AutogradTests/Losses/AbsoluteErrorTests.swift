import Autograd
import Testing

/// Huber's loss and its kin where the parabola is wider or narrower than numbers of the type.
struct AbsoluteErrorTests {
  private func close(_ tensor: Tensor?, _ expected: [Float]) -> Bool {
    guard let found = tensor?.array(of: Float.self), found.count == expected.count else { return false }
    return zip(found, expected).allSatisfy { abs($0 - $1) <= max(4e-7 * abs($1), .leastNormalMagnitude) }
  }

  /// The numbers of PyTorch.
  @Test(
    arguments: [
      (1e-300, [0, 0, 0, 0], [0, 0, 0, 0]), (1e-30, [0, 5e-31, 3e-30, 1e-15], [1e-30, 1e-30, -1e-30, 1e-30]),
      (1, [5e-21, 0.125, 2.5, 1e15], [1e-10, 0.5, -1, 1]),
      (1e25, [5e-21, 0.125, 4.5, 5e29], [1e-10, 0.5, -3, 1e15]),
      (1e300, [5e-21, 0.125, 4.5, 5e29], [1e-10, 0.5, -3, 1e15]),
    ] as [(Double, [Float], [Float])])
  func `Huber's loss bends anywhere`(delta: Double, losses: [Float], slopes: [Float]) throws {
    let x = Tensor([1e-10, 0.5, -3, 1e15], requiresGrad: true)
    let found = huberLoss(x, .zeros([4]), reduction: .none, delta: delta)
    #expect(close(found[1...], Array(losses[1...])) && abs(found[0].item() - Double(losses[0])) < 1e-26, "\(found)")
    try found.sum().backward()
    #expect(close(x.grad, slopes), "\(x.grad?.array(of: Float.self) ?? [])")
  }

  @Test(arguments: [(LossReduction.sum, 5.25, 1), (.mean, 1.3125, 0.25)] as [(LossReduction, Double, Float)])
  func `a reduced loss shares out its gradient`(reduction: LossReduction, loss: Double, share: Float) throws {
    let x = Tensor([0, 0.5, -3, 1.5], requiresGrad: true)
    let found = huberLoss(x, .zeros([4]), reduction: reduction, delta: 2)
    #expect(found.item() == loss)
    try (found * 3).backward()
    #expect(x.grad?.array(of: Float.self) == [0, 0.5, -2, 1.5].map { 3 * share * $0 })
  }

  @Test func `Huber's loss in double precision bends anywhere`() {
    let x = Tensor([1e-10, 0.5, 1e150], dtype: .float64)
    let far = huberLoss(x, .zeros([3], dtype: .float64), reduction: .none, delta: 1e300).array(of: Double.self)
    for (found, expected) in zip(far, [5e-21, 0.125, 5e299]) { #expect(abs(found / expected - 1) < 1e-15) }
  }

  @Test(arguments: [0, 1e-300, 1e-40]) func `smoothL1Loss without a bend is l1Loss`(beta: Double) throws {
    let x = Tensor([0, 0.5, -3], requiresGrad: true)
    let found = smoothL1Loss(x, .zeros([3]), reduction: .none, beta: beta)
    #expect(found.array(of: Float.self) == [0, 0.5, 3])
    try found.sum().backward()
    #expect(x.grad?.array(of: Float.self) == [0, 1, -1])
  }

  @Test func `whole numbers trap`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = huberLoss(Tensor([1, 2] as [Int64]), Tensor([1, 3] as [Int64]))
      }, says: "huberLoss is not defined for tensors of int64")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = smoothL1Loss(Tensor([1, 2] as [Int64]), Tensor([1, 3] as [Int64]))
      }, says: "smoothL1Loss is not defined for tensors of int64")
  }
}
