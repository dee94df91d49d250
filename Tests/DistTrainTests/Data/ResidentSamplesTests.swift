import Autograd
import Collective
import DistTrain
import Testing
import TestSupport

/// Five samples by its count, of which the column has four.
private struct ShortOfASample: Dataset {
  let count = 5
  let columns: [SampleColumn]? = [SampleColumn(AlignedBytes(count: 4 * 12) { _ in }, dtype: .float32, shape: [3])]

  func batch(_ indices: [Int]) -> Batch { Batch(inputs: .zeros([indices.count, 3]), targets: .zeros([indices.count])) }
}

/// Data sets of which the emulated GPU has a copy.
struct ResidentSamplesTests {
  /// Images of all 256 values, the classes counted round.
  private let images = LabeledImages(
    pixels: AlignedBytes(count: 40 * 48) { $0.copyBytes(from: (0..<40 * 48).map { UInt8(truncatingIfNeeded: $0) }) },
    labels: (0..<40).map { $0 % 3 }, height: 6, width: 8, classCount: 3)

  private func numbers(_ indices: [Int], on device: Device) -> Tensor {
    Tensor(indices.map { Int64($0) }, shape: [indices.count]).to(device)
  }

  private func expectSameBatch(_ dataset: any Dataset, _ indices: [Int]) throws {
    let device = try EmulatedGPU.device()
    let resident = try #require(ResidentSamples(dataset, on: device))
    let found = Batch(numbers(indices, on: device), of: resident)
    let expected = try dataset.batch(indices)
    #expect(found.count == expected.count && found.tensors.count == expected.tensors.count)
    for (a, b) in zip(found.tensors, expected.tensors) {
      #expect(a.device == device && a.dtype == b.dtype && a.shape == b.shape)
      #expect(a.array(of: Double.self) == b.array(of: Double.self))
    }
    #expect(found.targets.shape == expected.targets.shape)
  }

  @Test(arguments: [[], [7], [39, 0, 0, 12, 5], Array(0..<40)])
  func `batches gathered on the GPU have the bits of the processor's`(_ indices: [Int]) throws {
    try expectSameBatch(images, indices)
    try expectSameBatch(
      TensorDataset(
        .randn([40, 3, 5], generator: RandomGenerator(seed: 1)), .randint(0..<9, [40]), .ones([40], dtype: .bool),
        .randn([40, 1], dtype: .float64, generator: RandomGenerator(seed: 2))),
      indices)
  }

  @Test func `samples that are not in memory, or too many, stay where they are`() throws {
    let device = try EmulatedGPU.device()
    #expect(ResidentSamples(Subset(images, indices: [3, 1]), on: device) == nil)
    let byteCount = 40 * 49
    #expect(ResidentSamples(images, on: device, byteLimit: byteCount - 1) == nil)
    #expect(ResidentSamples(images, on: device, byteLimit: byteCount) != nil)
  }

  @Test func `a column that has not all samples traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try ResidentSamples(ShortOfASample(), on: EmulatedGPU.device())
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      message.contains("column 0 of a data set has 48 bytes, expected 60 for 5 samples"), "\(message.prefix(400))")
  }

  private func losses(
    _ datasets: [any Dataset], mixing: BatchMixing? = nil, on device: Device
  ) throws -> [Double] {
    let generator = RandomGenerator(seed: 5)
    let model = Sequential(Flatten(), Linear(48, 9, generator: generator), ReLU(), Linear(9, 3, generator: generator))
    let replica = try Replica(
      model.to(device), SGD.Options(learningRate: 0.1, momentum: 0.9), communicator: LocalCommunicator())
    return try datasets.flatMap { dataset in
      let shards = Shards(sampleCount: dataset.count, globalBatch: 7)
      var feed = BatchFeed(ShardLoader(dataset, shards: shards, seed: 3, mixing: mixing), for: replica)
      return try (0..<2 * shards.stepsPerEpoch).map { step in
        let (epoch, position) = step.quotientAndRemainder(dividingBy: shards.stepsPerEpoch)
        return try replica.step(
          feed.batch(epoch: epoch, step: position, piece: 0),
          meanwhile: { try feed.prepare(epoch: epoch, step: position + 1) }
        ).loss
      }
    }
  }

  /// Steps over one data set are recorded; those over another of the same shape must not repeat them.
  @Test func `training goes from one data set to another`() throws {
    let others = LabeledImages(
      pixels: AlignedBytes(count: 40 * 48) { $0.copyBytes(from: (0..<40 * 48).map { UInt8($0 * 7 / 3 % 251) }) },
      labels: (0..<40).map { ($0 + 1) % 3 }, height: 6, width: 8, classCount: 3)
    let datasets: [any Dataset] = [images, others, Subset(others, indices: Array(0..<40).reversed())]
    let (here, there) = (try losses(datasets, on: .cpu), try losses(datasets, on: EmulatedGPU.device()))
    #expect(here.count == 36)
    for (a, b) in zip(here, there) { #expect(abs(a - b) < 2e-5, "\(here)\n\(there)") }
  }

  @Test func `a GPU learns from samples that are mixed, too`() throws {
    let mixing = BatchMixing(.mixUp(alpha: 1), classCount: 3)
    let here = try losses([images], mixing: mixing, on: .cpu)
    let there = try losses([images], mixing: mixing, on: EmulatedGPU.device())
    for (a, b) in zip(here, there) { #expect(abs(a - b) < 2e-5, "\(here)\n\(there)") }
    #expect(here != (try losses([images], on: .cpu)))
  }
}
