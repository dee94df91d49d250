import Autograd
import Testing

/// Equations of `einsum` beyond the fixtures, and those that are refused.
@Suite struct EinsumTests {
  @Test func integersAndTypesThatDiffer() {
    let whole = einsum("i,i->i", Tensor([1, 2, 3]), Tensor([4, 5, 6]))
    #expect(whole.dtype == .int64 && whole.array(of: Int.self) == [4, 10, 18])
    let product = einsum("ij,j->i", Tensor.ones([2, 3], dtype: .float64), .full([3], 2))
    #expect(product.dtype == .float64 && product.array(of: Double.self) == [6, 6])
  }

  @Test func nothingIsSummed() {
    #expect(einsum("ij,jk", .ones([2, 0]), .ones([0, 3])).array(of: Float.self) == [0, 0, 0, 0, 0, 0])
    #expect(einsum("bij,bjk->bik", .ones([0, 2, 3]), .ones([0, 3, 4])).shape == [0, 2, 4])
    #expect(einsum("ii", .ones([0, 0])).item() == 0)
    #expect(einsum("i,j->ij", .ones([0]), .ones([2])).shape == [0, 2])
    #expect(einsum("i,i->i", .ones([1]), .ones([0])).shape == [0])
    #expect(einsum("", Tensor(2.0)).item() == 2 && einsum("->", Tensor(2.0)).shape == [])
  }

  @Test func equationsOfOtherOperands() async {
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ij", .ones([2, 3]), .ones([2, 3]))
    }
    expect(count, says: "einsum(\"ij\"): subscripts for 1 operand(s), of which there are 2")
    let nothing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = einsum("i") }
    expect(nothing, says: "einsum(\"i\") without operands")
    let dimensions = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ij,jk->ik", .ones([2, 3]), .ones([3]))
    }
    expect(dimensions, says: "operand 1 of shape [3] has 1 dimension(s), its subscripts name 2")
    let few = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("i...j", .ones([3]))
    }
    expect(few, says: "operand 0 of shape [3] has 1 dimension(s), its subscripts name 2")
    let sizes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ij,jk", .ones([2, 3]), .ones([4, 5]))
    }
    expect(sizes, says: "index j is of size 4 in operand 1 of shape [4, 5], and of size 3 before")
    let diagonal = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ii", .ones([1, 3]))
    }
    expect(diagonal, says: "index i is of size 3 in operand 0 of shape [1, 3], and of size 1 before")
    let broadcast = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("...i,...i", .ones([2, 3]), .ones([4, 3]))
    }
    expect(broadcast, says: "dimension -1 of those under \"...\" is of size 4")
  }

  @Test func equationsThatAreNone() async {
    let arrows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("i->i->i", .ones([2]))
    }
    expect(arrows, says: "einsum(\"i->i->i\"): more than one \"->\"")
    let dots = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("i..j", .ones([2, 3]))
    }
    expect(dots, says: "\".\" in \"i..j\" is neither a letter of a–z, A–Z nor part of \"...\"")
    let ellipses = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("...i...", .ones([2, 3]))
    }
    expect(ellipses, says: "\"...i...\" has more than one \"...\"")
    let twice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ij->ii", .ones([2, 3]))
    }
    expect(twice, says: "index i is in the result twice")
    let unknown = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ij->k", .ones([2, 3]))
    }
    expect(unknown, says: "index k is in the result and in no operand")
  }
}
