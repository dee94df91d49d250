import Autograd
import Collective
import DistTrain
import Testing

struct VisionTransformerTests {
  /// What PyTorch 2.15 prints for the same model of `nn.TransformerEncoderLayer`s, made after `torch.manual_seed(3)` and
  /// brought to double precision, with `x = torch.rand(8, 28, 28)` after it, classes 0 to 7 and
  /// `SGD(lr=0.05, momentum=0.9)`.
  private static let losses = [
    2.2916998291047967, 2.2047125202515376, 2.1520331903345995, 2.1557311023763597, 2.070692350775913,
  ]

  @Test(arguments: 1...4)
  func `the losses are PyTorch's on any number of ranks`(_ ranks: Int) throws {
    let found = try ThreadCommunicator.run(size: ranks) { communicator in
      manualSeed(3)
      let model = Workload.vit.makeModel().convert(to: .float64)
      let images = Tensor.rand([8, 28, 28]).cast(to: .float64)
      let own = Tensor(Array(stride(from: communicator.rank, to: 8, by: communicator.size)))
      let batch = Batch(inputs: images.selected(own, along: 0), targets: own)
      let replica = try Replica(
        model, SGD.Options(learningRate: 0.05, momentum: 0.9), communicator: communicator)
      return try Self.losses.map { _ in try replica.step(batch).loss }
    }
    for losses in found { #expect(largestDifference(losses, Self.losses) < 1e-11) }
  }

  @Test func `patches that do not divide an image are refused`() async {
    await #expect(processExitsWith: .failure) {
      _ = VisionTransformer(channels: 1, size: 28, patch: 5, width: 8, layers: 1, heads: 1, classes: 2)
    }
  }

  @Test func `images of several channels`() {
    let model = VisionTransformer(channels: 3, size: 8, patch: 2, width: 6, layers: 2, heads: 3, classes: 5)
    #expect(model(.rand([2, 3, 8, 8])).shape == [2, 5])
  }
}
