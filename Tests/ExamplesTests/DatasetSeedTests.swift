import Autograd
import DistTrain
import Testing

/// What the notebook on gradient descent does with data sets and loaders.
struct DatasetSeedTests {
  private let a: Tensor
  private let b: Tensor
  private let c: Tensor

  init() {
    manualSeed(420)
    // The network that is made before takes its part of the random stream.
    _ = [Linear(20, 13, bias: false), Linear(13, 8, bias: false), Linear(8, 3)]
    a = Tensor.randn([500, 2, 3])
    b = Tensor.randn([500, 3, 4, 5])
    c = Tensor.randn([500, 1])
  }

  @Test func firstSample() {
    let sample = TensorDataset(a, b, c)[0]
    #expect(
      "\(sample[0])" == """
        tensor([[ 0.0555,  0.0347, -0.0640],
                [-0.6151,  0.5850, -1.3424]])
        """)
    #expect(
      "\(sample[1])" == """
        tensor([[[ 1.4229,  0.3269, -0.7064,  0.4886, -0.4457],
                 [-0.1819,  1.3381, -0.0515,  0.9612,  0.6173],
                 [ 2.1468,  0.0329, -1.3354, -0.2216, -1.2585],
                 [-0.0606, -0.7752,  1.5580,  0.8701,  2.0751]],

                [[-0.4195,  0.3641,  1.1461,  1.3315,  0.6182],
                 [ 0.4945,  0.4110,  0.4114, -1.9308, -0.2237],
                 [ 0.4374,  0.4338,  0.5920,  0.7556, -0.4258],
                 [ 1.5789, -0.1794, -0.5889,  1.8905, -0.7718]],

                [[-0.7557, -1.2767,  1.0856,  0.7704,  2.3633],
                 [ 0.0490, -0.9121, -0.0489, -1.2371, -1.2507],
                 [-2.2677, -0.1536, -0.2799, -0.9272,  1.4546],
                 [-0.8360, -0.3864, -0.9757, -0.5694,  0.2240]]])
        """)
    #expect("\(sample[2])" == "tensor([-0.1178])")
  }

  @Test func loaderOfBatchesOf120() {
    let data = TensorDataset(b, c)
    let loader = DataLoader(data, batchSize: 120, shuffle: true)
    #expect(loader.count == 5 && loader.dataset.count == 500 && loader.batchSize == 120)
    manualSeed(420)
    let batches = Array(loader)
    #expect(batches.map(\.inputs.shape) == Array(repeating: [120, 3, 4, 5], count: 4) + [[20, 3, 4, 5]])
    #expect(batches.map(\.targets.shape) == Array(repeating: [120, 1], count: 4) + [[20, 1]])
    // The order that PyTorch 2.15 draws from this seed.
    let firstTargets = batches.map { "\($0.targets[0..<3].flattened())" }
    #expect(
      firstTargets == [
        "tensor([-0.2738, -0.6565,  1.0899])", "tensor([ 0.9260,  0.2471, -0.7108])",
        "tensor([-0.2541, -0.2139,  1.2214])", "tensor([-0.5778, -1.2930, -0.0349])",
        "tensor([ 0.5632,  0.8340, -1.2193])",
      ])
  }

  @Test func defaultLoaderTakesOneSampleAtATime() throws {
    let loader = DataLoader(TensorDataset(b, c))
    #expect(loader.count == 500)
    let first = try #require(loader.first { _ in true })
    #expect(first.inputs.shape == [1, 3, 4, 5])
    #expect("\(first.targets)" == "tensor([[-0.1178]])")
  }
}
