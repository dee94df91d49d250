import Autograd
import TestSupport

/// The cases of `operators.json` and `operators_of_layers.json`: operators run by PyTorch in both precisions.
struct OperatorFixture: Decodable {
  let cases: [Case]

  struct Array: Decodable {
    let shape: [Int]
    let dtype: String
    let data: [Double?]

    private enum CodingKeys: CodingKey { case shape, dtype, data }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      shape = try container.decode([Int].self, forKey: .shape)
      dtype = try container.decode(String.self, forKey: .dtype)
      data =
        dtype == "bool"
        ? try container.decode([Bool].self, forKey: .data).map { $0 ? 1 : 0 }
        : try container.decode([Double?].self, forKey: .data)
    }

    /// The elements as a tensor; floating-point ones in `precision`.
    func tensor(_ precision: DataType, requiresGrad: Bool = false) -> Tensor {
      let values = Tensor(data.map { $0 ?? .nan }, shape: shape)
      switch dtype {
      case "int64": return values.cast(to: .int64)
      case "bool": return values.cast(to: .bool)
      default:
        let tensor = values.cast(to: precision)
        tensor.requiresGrad = requiresGrad
        return tensor
      }
    }
  }

  /// An argument that is a number, a truth value, a text, or lists of them.
  enum Argument: Decodable {
    case number(Double)
    case truth(Bool)
    case text(String)
    case list([Argument])
    case none

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .none
      } else if let value = try? container.decode(Bool.self) {
        self = .truth(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let value = try? container.decode(String.self) {
        self = .text(value)
      } else {
        self = .list(try container.decode([Argument].self))
      }
    }

    var double: Double? { if case .number(let value) = self { value } else { nil } }
    var int: Int? { double.map { Int($0) } }
    var bool: Bool? { if case .truth(let value) = self { value } else { nil } }
    var string: String? { if case .text(let value) = self { value } else { nil } }
    var ints: [Int]? { if case .list(let values) = self { values.compactMap(\.int) } else { nil } }
    var lists: [[Int]]? { if case .list(let values) = self { values.compactMap(\.ints) } else { nil } }
  }

  struct Case: Decodable, CustomStringConvertible {
    let op: String
    let args: [String: Argument]
    let inputs: [String: Array]
    let grad_output: Array?
    let output: Array
    let output_f32: Array
    let grads: [String: Array]
    let grads_f32: [String: Array]

    var description: String {
      "\(op) \(args.keys.sorted()) of \(inputs.sorted { $0.key < $1.key }.map { "\($0.key)\($0.value.shape)" })"
    }
  }

  static let all: OperatorFixture = {
    do {
      return OperatorFixture(
        cases: try ["operators.json", "operators_of_layers.json"].flatMap { file in
          let fixture: OperatorFixture = try Fixture.decode(from: file)
          return fixture.cases
        })
    } catch {
      preconditionFailure("the fixtures of operators: \(error)")
    }
  }()
}
