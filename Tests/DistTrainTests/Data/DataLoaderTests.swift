import Autograd
import DistTrain
import Testing
import TestSupport

struct DataLoaderTests {
  private struct ShuffledCases: Decodable {
    struct Case: Decodable {
      let seed: UInt64
      let batches: [[[Int]]]

      enum Key: String, CodingKey { case seed, call, batches }

      init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        seed = try values.decode(UInt64.self, forKey: .seed)
        let isLoader = try values.decode(String.self, forKey: .call).hasPrefix("DataLoader")
        batches = isLoader ? try values.decode([[[Int]]].self, forKey: .batches) : []
      }
    }

    let cases: [Case]
  }

  @Test(arguments: [0, 2])
  func shufflesAsPyTorch(prefetch: Int) throws {
    let cases = try Fixture.decode(ShuffledCases.self, from: "random.json").cases.filter { !$0.batches.isEmpty }
    #expect(cases.count == 5)
    for item in cases {
      manualSeed(item.seed)
      let loader = DataLoader(numbered(13), batchSize: 5, shuffle: true, prefetch: prefetch)
      #expect([loader.map(\.numbers), loader.map(\.numbers)] == item.batches)
    }
  }

  /// The batches and what `torch.rand(2, generator=g)` gives after two epochs of
  /// `DataLoader(range(13), batch_size=5, shuffle=True, generator=g)`, g seeded with 5.
  @Test(arguments: [0, 2])
  func shufflesWithAGeneratorAsPyTorch(prefetch: Int) {
    let generator = RandomGenerator(seed: 5)
    let loader = DataLoader(numbered(13), batchSize: 5, shuffle: true, generator: generator, prefetch: prefetch)
    #expect(loader.map(\.numbers) == [[9, 10, 1, 3, 5], [6, 11, 4, 12, 7], [8, 0, 2]])
    #expect(loader.map(\.numbers) == [[11, 7, 5, 1, 12], [3, 8, 10, 2, 0], [4, 6, 9]])
    #expect(
      Tensor.rand([2], generator: generator).array(of: Float.self) == [0.39689087867736816, 0.2514558434486389])
  }

  /// What `torch.rand(2)` gives after an epoch of each kind of loader that began at seed 9.
  @Test(arguments: [0, 1])
  func drawsAsMuchAsPyTorch(prefetch: Int) {
    let expected: [(DataLoader, [Float])] = [
      (DataLoader(numbered(13), batchSize: 5, prefetch: prefetch), [0.4798964262008667, 0.7773736119270325]),
      (
        DataLoader(numbered(13), batchSize: 5, shuffle: true, prefetch: prefetch),
        [0.9179643392562866, 0.9310336112976074]
      ),
      (
        DataLoader(numbered(13), sampler: [3, 3, 1], batchSize: 5, prefetch: prefetch),
        [0.4798964262008667, 0.7773736119270325]
      ),
    ]
    for (loader, uniforms) in expected {
      manualSeed(9)
      for _ in loader {}
      #expect(Tensor.rand([2]).array(of: Float.self) == uniforms)
    }
  }

  /// `torch.manual_seed(420)`, three linear layers, three normal tensors and a shuffled loader of batches of 120.
  @Test func loadsTheDataSetOfARandomNetwork() {
    manualSeed(420)
    _ = (Linear(20, 13, bias: false), Linear(13, 8, bias: false), Linear(8, 3))
    func normal(_ shape: Int...) -> Tensor {
      Tensor(shape: shape, of: Float.self) { RandomGenerator.default.normal(into: $0) }
    }
    let data = TensorDataset(normal(500, 2, 3), normal(500, 3, 4, 5), normal(500, 1))
    func digits(_ values: [Float]) -> [Int] { values.map { Int(($0 * 10_000).rounded()) } }
    #expect(digits(data[0][0].array(of: Float.self)) == [555, 347, -640, -6151, 5850, -13424])
    #expect(digits(Array(data[0][1].array(of: Float.self).prefix(5))) == [14229, 3269, -7064, 4886, -4457])
    #expect(digits(data[0][2].array(of: Float.self)) == [-1178])

    let loader = DataLoader(data, batchSize: 120, shuffle: true)
    #expect(loader.count == 5 && loader.dataset.count == 500 && loader.batchSize == 120)
    let batches = Array(loader)
    #expect(batches.map(\.count) == [120, 120, 120, 120, 20])
    #expect(batches[0].tensors.map(\.shape) == [[120, 2, 3], [120, 3, 4, 5], [120, 1]])
    #expect(batches[4].tensors.map(\.shape) == [[20, 2, 3], [20, 3, 4, 5], [20, 1]])
    // What PyTorch prints as x[2][0] of each batch.
    let firsts = batches.map { $0[2].array(of: Float.self)[0] }
    #expect(digits(firsts) == [-15339, -1751, -5284, 7237, 14282])

    let single = DataLoader(data)
    #expect(single.batchSize == 1 && single.count == 500)
    #expect(Array(single.prefix(2)).map { $0[1].shape } == [[1, 3, 4, 5], [1, 3, 4, 5]])
  }

  @Test(arguments: [0, 1, 3, 50])
  func cutsTheOrderIntoBatches(prefetch: Int) {
    let data = numbered(10)
    func batches(_ loader: DataLoader) -> [[Int]] {
      let batches = loader.map(\.numbers)
      #expect(batches.count == loader.count)
      return batches
    }
    #expect(batches(DataLoader(data, batchSize: 4, prefetch: prefetch)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    #expect(
      batches(DataLoader(data, batchSize: 4, dropLast: true, prefetch: prefetch)) == [[0, 1, 2, 3], [4, 5, 6, 7]])
    #expect(batches(DataLoader(data, sampler: [7, 7, 2], batchSize: 2, prefetch: prefetch)) == [[7, 7], [2]])
    #expect(batches(DataLoader(data, batchSize: 11, dropLast: true, prefetch: prefetch)) == [])
    #expect(batches(DataLoader(numbered(0), batchSize: 3, shuffle: true, prefetch: prefetch)) == [])
    #expect(batches(DataLoader(data, batchSize: 100, prefetch: prefetch)) == [Array(0..<10)])
  }

  @Test(arguments: [0, 1, 2])
  func throwsInPlaceOfTheBatchThatFailed(prefetch: Int) throws {
    var batches = DataLoader(WatchedSamples(6, unreadable: 3), batchSize: 2, prefetch: prefetch).makeIterator()
    #expect(try batches.nextBatch()?.numbers == [0, 1])
    #expect(throws: UnreadableSample(index: 3)) { try batches.nextBatch() }
    #expect(try batches.nextBatch()?.numbers == [4, 5])
    #expect(try batches.nextBatch()?.numbers == nil)
    #expect(try batches.nextBatch()?.numbers == nil)
  }
}
