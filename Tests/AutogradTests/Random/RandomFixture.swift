import Foundation

/// `Tests/Fixtures/random.json`: what PyTorch draws for some seeds.
struct RandomFixture: Decodable {
  /// A draw of `count` values after `torch.manual_seed(seed)`, and two uniform samples after it.
  struct Draw: Sendable, CustomStringConvertible {
    let call: String
    let seed: UInt64
    let values: [Double]
    let followingUniforms: [Float]

    var description: String { "\(call), seed \(seed), count \(values.count)" }
  }

  struct Array: Decodable, Sendable {
    let data: [Float]
  }

  struct Shard: Decodable, Sendable {
    let epoch: Int
    let rank: Int
    let indices: [Int]
  }

  /// One case as it stands in the file; which of the fields there are depends on the call.
  struct Case: Decodable, Sendable, CustomStringConvertible {
    let call: String
    let seed: UInt64
    let values: [Double]?
    let thenRand2: [Float]?
    let weight: Array?
    let bias: Array?
    let convWeight: Array?
    let convBias: Array?
    let xavier: Array?
    let kaiming: Array?
    let batches: [[[Int]]]?
    let world: Int?
    let shards: [Shard]?

    var description: String { "\(call), seed \(seed)" }
  }

  let cases: [Case]

  static let cases: [Case] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fixtures/random.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(RandomFixture.self, from: Data(contentsOf: file)).cases
    } catch {
      preconditionFailure("\(file.path): \(error)")
    }
  }()

  /// The draws of one call.
  static func draws(_ call: String) -> [Draw] {
    cases.compactMap { item in
      guard item.call == call, let values = item.values, let following = item.thenRand2 else { return nil }
      return Draw(call: call, seed: item.seed, values: values, followingUniforms: following)
    }
  }

  /// The cases whose call begins so.
  static func cases(_ call: String) -> [Case] {
    cases.filter { $0.call.hasPrefix(call) }
  }
}
