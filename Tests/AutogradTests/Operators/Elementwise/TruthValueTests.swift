import Autograd
import Testing

/// What is done with truth values that fixtures do not have.
@Suite struct TruthValueTests {
  @Test func theTableOfTruth() {
    let (a, b) = (Tensor([true, true, false, false]), Tensor([true, false, true, false]))
    #expect((a .& b).array(of: Bool.self) == [true, false, false, false])
    #expect((a .| b).array(of: Bool.self) == [true, true, true, false])
    #expect((a .^ b).array(of: Bool.self) == [false, true, true, false])
    #expect((.!a).array(of: Bool.self) == [false, false, true, true])
    let x = Tensor([1.0, 5, 9])
    #expect((x .> 2 .& x .< 7 .| x .== 9).array(of: Bool.self) == [false, true, true])
  }

  @Test func placesOfNumbers() {
    let places = Tensor([[0.5, 0], [-.nan, 3]]).nonzero()
    #expect(places.shape == [3, 2] && places.dtype == .int64 && places.array(of: Int.self) == [0, 0, 1, 0, 1, 1])
    #expect(Tensor.zeros([0, 3]).nonzero().shape == [0, 2])
    #expect(Tensor(0).nonzero().shape == [0, 0] && Tensor(2).nonzero().shape == [1, 0])
  }

  @Test func selectedElementsKeepTheirType() {
    let bytes = Tensor([7, 8, 9] as [UInt8]).selected(where: Tensor([true, false, true]))
    #expect(bytes.dtype == .uint8 && bytes.array(of: UInt8.self) == [7, 9])
    let x = Tensor([1.0, 2], requiresGrad: true)
    #expect(x.selected(where: x .> 1).gradientFunction?.name == "MaskedSelectBackward0")
    #expect(x.selected(where: Tensor([[true], [false]])).array(of: Float.self) == [1, 2])
  }

  @Test func otherTypesTrap() async {
    let both = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([true]) .& Tensor([1])
    }
    expect(both, says: ".& is defined for tensors of bool, not int64")
    let mask = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0]).selected(where: Tensor([1.0]))
    }
    expect(mask, says: "selected(where:) is defined for tensors of bool, not float32")
  }
}
