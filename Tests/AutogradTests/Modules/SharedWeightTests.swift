import Autograd
import Testing

struct SharedWeightTests {
  /// An output layer with the weight of the embedding, as of a language model.
  private final class Tied: Module, Layer {
    let tokens = Embedding(5, 3, dtype: .float64)
    let output: Linear

    override init() { output = Linear(weight: tokens.weight) }

    func callAsFunction(_ x: Tensor) -> Tensor { output(tokens(x)) }
  }

  @Test func `a shared weight is one parameter with the gradients of both uses`() throws {
    manualSeed(1)
    let model = Tied()
    #expect(model.namedParameters().map(\.name) == ["tokens.weight"])
    #expect(model.stateDictionary().map(\.name) == ["tokens.weight", "output.weight"])
    let weight = model.tokens.weight
    func loss() -> Tensor {
      let output = model(Tensor([1, 4]))
      return (output * output).sum()
    }
    try loss().backward()
    let found = try #require(weight.grad).array(of: Double.self)
    let values = weight.array(of: Double.self)
    for index in values.indices {
      func changedLoss(_ change: Double) throws -> Double {
        var changed = values
        changed[index] += change
        try noGrad { try weight.copyElements(from: Tensor(changed, shape: [5, 3])) }
        return loss().item()
      }
      #expect(abs((try changedLoss(1e-5) - changedLoss(-1e-5)) / 2e-5 - found[index]) < 1e-6)
    }
  }

  @Test func `a shared weight is loaded by either name`() throws {
    let weight = Tensor.arange(15).reshaped([5, 3]).cast(to: .float64)
    for name in ["tokens.weight", "output.weight"] {
      let model = Tied()
      let unmatched = try model.load(stateDictionary: [(name, weight)])
      #expect(unmatched.missing.isEmpty && unmatched.unexpected.isEmpty)
      #expect(model.tokens.weight.array(of: Double.self) == weight.array(of: Double.self))
    }
    let error = #expect(throws: StateDictionaryError.self) { try Tied().load(stateDictionary: []) }
    #expect(error?.missing == ["tokens.weight", "output.weight"])
  }
}
