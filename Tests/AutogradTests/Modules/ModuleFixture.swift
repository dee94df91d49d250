import Autograd
import TestSupport

/// `Tests/Fixtures/modules.json`: two small models trained for three steps by PyTorch in double precision.
struct ModuleFixture: Decodable {
  struct Array: Decodable {
    let shape: [Int]
    let dtype: String
    let data: [Double]

    var tensor: Tensor { Tensor(data, shape: shape).cast(to: DataType(rawValue: dtype) ?? .float64) }
  }

  struct Entry: Decodable {
    let name: String
    let tensor: Array
  }

  struct Step: Decodable {
    let input: Array
    let target: Array
    let output: Array
    let loss: Double
    let gradients: [Entry]?
  }

  struct Evaluation: Decodable {
    let input: Array
    let output: Array
  }

  struct Model: Decodable {
    let state: [Entry]
    let steps: [Step]
    let final_state: [Entry]
    let evaluation: Evaluation
  }

  struct CrossAttention: Decodable {
    let queries: Array
    let keys: Array
    let hidden: Array
    let output: Array
  }

  let models: [String: Model]
  let initial: [Entry]
  let cross: CrossAttention

  static let all: ModuleFixture = {
    do { return try Fixture.decode(from: "modules.json") } catch { preconditionFailure("modules.json: \(error)") }
  }()
}

extension [ModuleFixture.Entry] {
  var stateDictionary: [(name: String, tensor: Tensor)] { map { ($0.name, $0.tensor.tensor) } }
}
