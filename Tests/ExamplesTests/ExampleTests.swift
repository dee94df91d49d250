import Foundation
import TestSupport
import Testing

/// Runs every example and compares what it prints with the documents that it follows.
struct ExampleTests {
  /// What an example prints, without the runs of spaces by which tensors are aligned.
  private func output(_ name: String, _ arguments: [String] = []) throws -> String {
    let run = try ProcessRun.run(try BuiltProduct.url(name), arguments)
    try #require(run.succeeded, "\(run.report)")
    return run.output
  }

  /// Checks that `text` holds all of `parts`, one after the other.
  private func expect(_ text: String, holds parts: [String]) {
    var rest = text[...]
    for part in parts {
      guard let found = rest.range(of: part) else {
        Issue.record("not there, or not in this order: \(part)\nin:\n\(text)")
        return
      }
      rest = rest[found.upperBound...]
    }
  }

  @Test func `the README quotes the model of one's own as it is`() throws {
    let root = Fixture.folder.deletingLastPathComponent().deletingLastPathComponent()
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let example = try String(contentsOf: root.appending(path: "Examples/OwnModel/main.swift"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(example)```"))
  }

  private func temporaryFolder() -> String {
    FileManager.default.temporaryDirectory.appending(path: "examples-\(UUID().uuidString)").path
  }

  @Test func gradientDescent() throws {
    expect(
      try output("example-gradient-descent"),
      holds: [
        "tensor(7.)\n",
        "[2, 1] [2, 1] tensor(7.5400, grad_fn=<MulBackward0>) []\n",
        "Gradient of loss w.r.t weight: tensor([[ 5.0100],\n        [ 7.4800],\n        [10.4900]])\n",
        "Gradient of loss w.r.t bias: 3.200000286102295\n",
        "Updated weight: tensor([[ 0.4990],\n        [ 0.2520],\n        [-0.0490]], requires_grad=True)\n",
        "Updated bias: -0.320000022649765\n",
        "tensor([[-0.7204],\n        [-0.8232],\n        [-0.4771],\n        [-0.2774],\n        [-0.3740],",
        "tensor([[-0.0499],\n        [ 0.5263],\n        [-0.0085],\n        [ 0.7291],\n        [ 0.1331],",
        "tensor([[-0.6705],\n        [-1.3496],\n        [-0.4686],\n        [-1.0065],\n        [-0.5072],",
        "Epoch [2/10], Loss: 0.5656\nEpoch [4/10], Loss: 0.5257\nEpoch [6/10], Loss: 0.4932\n"
          + "Epoch [8/10], Loss: 0.4665\nEpoch [10/10], Loss: 0.4445\n",
      ])
  }

  @Test func lossAgainstWeight() throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    expect(
      try output("example-loss-against-weight", [folder]),
      holds: [
        "[1.0, 1.0199999809265137, 1.0983999967575073, 1.260688066482544, ", ", 1.9999996423721313]\n",
        "[1.0, 3.841600179672241, 7.315943717956543, 0.5465821623802185, ", ", 9.094947017729282e-13]\n",
      ])
    let picture = try String(contentsOfFile: folder + "/loss-against-weight.svg", encoding: .utf8)
    expect(picture, holds: ["weight w", "loss (x·w − y)²", "300 steps", "x = 1", "x = 2", "x = 3", "</svg>"])
  }

  @Test func classifier() throws {
    expect(
      try output("example-classifier"),
      holds: [
        "[tensor(2.)]\n[tensor(-1.0000)]\ntensor(1.1559, grad_fn=<NllLossBackward0>)\nno gradient before backward()\n",
        "tensor([[-3.0294e-04, -7.4870e-05, -3.6707e-04, -3.8675e-05,", "[ 1.0099e-02, -9.9189e-04,  1.2005e-02,",
        "[13, 20]\n",
        "tensor([[-6.0587e-04, -1.4974e-04,",
        "a third time: backward() went through the graph", "retainGraph: true",
        "tensor([[ 0.1426, -0.1331,  0.2201, -0.1769,",
        "tensor([[ 1.4317e-01, -1.3296e-01,  2.2081e-01, -1.7678e-01,",
        "[-1.7212e-01,  2.0349e-01, -2.3769e-01,",
        "tensor(1.0606, grad_fn=<NllLossBackward0>)\n",
        "tensor([ 0.1430, -0.1330,  0.2206, -0.1768, -0.0655, -0.1529,  0.1795,  0.0893,\n        -0.1095, -0.1720])",
        "after 617 steps: tensor(",
        "tensor([[ 0.0555,  0.0347, -0.0640],\n        [-0.6151,  0.5850, -1.3424]])",
        "tensor([[[ 1.4229,  0.3269, -0.7064,  0.4886, -0.4457],", "tensor([-0.1178])",
        "tensor([[[[ 1.4229,  0.3269, -0.7064,  0.4886, -0.4457],", "tensor([[-0.1178]])",
        String(repeating: "[120, 3, 4, 5] [120, 1]\n", count: 4) + "[20, 3, 4, 5] [20, 1]\n",
        "5 batches of 120, 500 samples\n",
        "tensor([-0.1178])\n",
      ])
  }

  @Test func neurons() throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    expect(
      try output("example-neurons", [folder]),
      holds: [
        "tensor(2)\ntensor([5.5452])\ntensor([9520.])\ntensor([7140.])\ntensor([5712.])\n", "noGrad",
        "tensor([-92.2000], requires_grad=True)\n",
        "tensor([-67.4000], requires_grad=True) tensor([-52.1200], requires_grad=True) true\n",
        "[\"w1\", \"w2\", \"w3\"] tensor([120.], grad_fn=<MulBackward0>)\n",
        "Epoch [1/20], Loss: 1.0000, w1: 1.0000 (fixed), w2: 1.0200\n",
        "Epoch [5/20], Loss: 0.8508, w1: 1.0000 (fixed), w2: 1.0961\n",
        "Epoch [20/20], Loss: 0.4641, w1: 1.0000 (fixed), w2: 1.3324\n",
      ])
    let picture = try String(contentsOfFile: folder + "/neuron-activations.svg", encoding: .utf8)
    expect(picture, holds: ["activation", "neuron"])
    for label in ["input", "hidden", "output", "epoch 1", "epoch 5", "epoch 10", "epoch 15", "epoch 20"] {
      #expect(picture.contains(">\(label)<"))
    }
  }

  @Test func graph() throws {
    expect(
      try output("example-graph"),
      holds: [
        "tensor([[1., 1.],\n        [1., 1.]], requires_grad=True)\nno gradient function\n",
        "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)\n<AddBackward0>\n",
        "tensor([[27., 27.],\n        [27., 27.]], grad_fn=<MulBackward0>)\ntensor(27., grad_fn=<MeanBackward0>)\n",
        "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])\n",
        "this tensor has shape [3]",
        "tensor([2.1200, 1.4200, 0.3200])\n",
        "tensor([[ 2.,  1.,  0.],\n        [ 0.,  3.,  2.],\n        [12., 12., 12.]])\n",
        "by hand: tensor(-13.6000), tensor(-5.8000); by backward(): tensor(-13.6000), tensor(-5.8000)\n",
        "tensor([[7.9186]], grad_fn=<AddmmBackward0>)\n",
      ])
  }

  @Test func ownModelByItselfAndUnderMPI() throws {
    let alone = try output("example-own-model")
    #expect(alone.contains("accuracy"))
    let run = try MPIRun.run(ranks: 3, product: "example-own-model")
    try #require(run.succeeded, "\(run.report)")
    #expect(run.output == alone)
  }
}
