import Autograd
import TestSupport
import Testing

/// Printed tensors against what PyTorch prints.
@Suite struct DescriptionTests {
  private struct Printing: Decodable {
    struct Case: Decodable {
      let shape: [Int]
      let dtype: String
      let data: [String]
      let text: String
    }

    /// The numbers 0, factor, 2 · factor, … in the given shape.
    struct Range: Decodable {
      let shape: [Int]
      let dtype: String
      let factor: Double
      let text: String
    }

    let cases: [Case]
    let ranges: [Range]
  }

  @Test func printedAsByPyTorch() throws {
    let fixture = try Fixture.decode(Printing.self, from: "printing.json")
    #expect(fixture.cases.count > 80)
    for item in fixture.cases {
      let dtype = try #require(DataType(rawValue: item.dtype))
      let tensor: Tensor =
        if dtype.isFloatingPoint {
          Tensor(try item.data.map { try #require(Double($0)) }, shape: item.shape).cast(to: dtype)
        } else {
          Tensor(try item.data.map { try #require(Int64($0)) }, shape: item.shape).cast(to: dtype)
        }
      #expect(tensor.description == item.text, "\n\(tensor)\ninstead of\n\(item.text)")
    }
  }

  @Test func manyElementsAreElidedAsByPyTorch() throws {
    let fixture = try Fixture.decode(Printing.self, from: "printing.json")
    #expect(fixture.ranges.count > 5)
    for item in fixture.ranges {
      let dtype = try #require(DataType(rawValue: item.dtype))
      let numbers = Tensor.arange(item.shape.reduce(1, *)).cast(to: dtype)
      let tensor = (dtype == .int64 ? numbers : numbers * item.factor).reshaped(item.shape)
      #expect(tensor.description == item.text, "\n\(tensor)\ninstead of\n\(item.text)")
    }
  }

  @Test func theGraphIsMentioned() {
    let x = Tensor([[1.0, 2.0], [3.0, 4.5]], requiresGrad: true)
    #expect("\(x)" == "tensor([[1.0000, 2.0000],\n        [3.0000, 4.5000]], requires_grad=True)")
    #expect("\((x * 2).sum())" == "tensor(21., grad_fn=<SumBackward0>)")
    #expect("\(x.cast(to: .float64).sum())" == "tensor(10.5000, dtype=float64, grad_fn=<SumBackward0>)")
    #expect("\(Parameter(Tensor([1.0])))" == "Parameter containing:\ntensor([1.], requires_grad=True)")
    let long = Tensor.arange(14).cast(to: .float32)
    long.requiresGrad = true
    #expect("\(long)".hasSuffix("13.],\n       requires_grad=True)"))
  }
}
