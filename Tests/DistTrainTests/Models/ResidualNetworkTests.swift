import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

/// `Tests/Fixtures/residual_network.json`: `torchvision`'s `resnet18(num_classes=3)` in double precision.
struct ResidualNetworkTests {
  private struct Fixture: Decodable {
    struct Entry: Decodable, Equatable {
      let name: String
      let shape: [Int]

      init(_ name: String, _ shape: [Int]) { (self.name, self.shape) = (name, shape) }

      init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        name = try values.decode(String.self)
        shape = try values.decode([Int].self)
      }
    }

    let state: [Entry]
    let outputs: [Double]
  }

  private let expected: Fixture

  init() throws {
    expected = try JSONDecoder().decode(
      Fixture.self, from: Data(contentsOf: URL(fileURLWithPath: fixture("residual_network.json"))))
  }

  @Test func `the state is torchvision's`() {
    let state = ResidualNetwork(imageSize: 224, classes: 3).stateDictionary()
    #expect(state.map { Fixture.Entry($0.name, $0.tensor.shape) } == expected.state)
    let small = ResidualNetwork(imageSize: 32, classes: 3).stateDictionary()
    #expect(small.map(\.name) == expected.state.map(\.name))
  }

  @Test func `with the same weights it computes the same`() throws {
    let network = ResidualNetwork(imageSize: 64, classes: 3).convert(to: .float64).evaluate()
    manualSeed(5)
    let weights = network.stateDictionary().filter { $0.tensor.dtype.isFloatingPoint }.map { name, tensor in
      let values = Tensor.rand(tensor.shape, dtype: .float64)
      let scale = (6 / Double(tensor.shape.dropFirst().reduce(1, *))).squareRoot()
      return (name: name, tensor: tensor.rank == 1 ? values + 0.5 : (values * 2 - 1) * scale)
    }
    try network.load(stateDictionary: weights, strict: false)
    let outputs = noGrad { network(Tensor.rand([2, 3, 64, 64], dtype: .float64)) }.array(of: Double.self)
    #expect(largestDifference(outputs, expected.outputs) < 1e-11, "\(outputs)")
  }
}
