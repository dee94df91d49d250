import Autograd
import Testing

/// The largest and smallest elements so far, as `torch.cummax` and `torch.cummin` have them.
@Suite struct CumulativeExtremumTests {
  @Test func `the last of equal elements counts, and NaN before all`() {
    let x = Tensor([1, .nan, 3, .nan, 2, 5] as [Float], shape: [6])
    for (values, indices) in [x.cumulativeMaximum(0), x.cumulativeMinimum(0)] {
      #expect(indices.array(of: Int.self) == [0, 1, 1, 3, 3, 3])
      let found = values.array(of: Float.self)
      #expect(found[0] == 1 && found[1...].allSatisfy(\.isNaN))
    }
    let equal = Tensor([2, 2, 1, 2, -.infinity] as [Float], shape: [5])
    #expect(equal.cumulativeMaximum(0).indices.array(of: Int.self) == [0, 1, 1, 3, 3])
    #expect(equal.cumulativeMinimum(0).indices.array(of: Int.self) == [0, 1, 2, 2, 4])
  }

  @Test func `of whole numbers, of one and of none`() {
    let (values, indices) = Tensor([[2, 3, 1, 3], [5, 4, 4, 9]]).cumulativeMaximum(-1)
    #expect(values.array(of: Int.self) == [2, 3, 3, 3, 5, 5, 5, 9])
    #expect(indices.array(of: Int.self) == [0, 1, 1, 3, 0, 0, 0, 3])
    let bytes = Tensor([3, 200, 7] as [UInt8], shape: [3]).cumulativeMinimum(0)
    #expect(bytes.values.array(of: UInt8.self) == [3, 3, 3] && bytes.indices.array(of: Int.self) == [0, 0, 0])
    #expect(Tensor(3.0).cumulativeMaximum(0).values.item() == 3)
    #expect(Tensor.zeros([2, 0]).cumulativeMinimum(1).indices.shape == [2, 0])
  }
}
