import Autograd
import TestSupport
import Testing

/// The loss of labels without times, with numbers of PyTorch 2.15 in double precision.
@Suite struct CTCLossTests {
  private let targets = Tensor([[1, 1], [2, 1], [2, 0]])
  private let inputLengths = [4, 3, 2]
  private let targetLengths = [2, 2, 0]

  /// [4, 3, 3].
  private func scores(_ device: Device = .cpu) -> Tensor {
    let x = (Tensor.arange(36).cast(to: .float64) * 0.7).sin().reshaped([4, 3, 3]).to(device)
    x.requiresGrad = true
    return x
  }

  private func expectClose(
    _ found: Tensor, _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (a, b) in zip(found.array(of: Double.self), expected) {
      #expect(a == b || abs(a - b) < 1e-10, "\(a) instead of \(b)", sourceLocation: sourceLocation)
    }
  }

  @Test func lossesAndGradientsArePyTorchs() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let x = scores(device), labels = targets.to(device)
      func loss(_ reduction: LossReduction) -> Tensor {
        ctcLoss(
          x.logSoftmax(2), labels, inputLengths: inputLengths, targetLengths: targetLengths, reduction: reduction)
      }
      expectClose(loss(.none), [3.63927251065, 2.29507683652, 2.31716823424])
      expectClose(loss(.sum), [loss(.none).sum().item()])
      let mean = loss(.mean)
      expectClose(mean, [1.76144763594])
      #expect(loss(.none).gradientFunction?.name == "CtcLossBackward0")
      try mean.backward()
      expectClose(
        try #require(x.grad),
        [
          0.00538854983862, -0.0853566170223, 0.0799680671837, 0.0456915884826, 0.0520896085441,
          -0.0977811970266, -0.22807099009, 0.094214952551, 0.133856037539, -0.0655257731355, -0.0139663152677,
          0.0794920884032, 0.0456877845744, -0.0165138098295, -0.0291739747449, -0.229305134478,
          0.0941773810069, 0.135127753471, -0.0652643308861, -0.0137453817556, 0.0790097126417, 0.0456708748116,
          -0.0717210006903, 0.0260501258787, 0, 0, 0, 0.00593189475387, -0.0844529928034, 0.0785210980496, 0, 0,
          0, 0, 0, 0,
        ])
    }
  }

  /// Also of logarithms that are none of probabilities, and again.
  @Test func gradientsAreThoseOfDifferences() throws {
    let x = scores().detached()
    func loss(_ inputs: [Tensor]) -> Tensor {
      ctcLoss(inputs[0], targets, inputLengths: inputLengths, targetLengths: targetLengths)
    }
    try checkGradients(of: loss, at: [x])
    try checkSecondGradients(of: loss, at: [x])
  }

  /// Another blank, and labels for which there is no time.
  @Test func impossibleSequences() throws {
    let x = scores(), labels = Tensor([[1, 1], [0, 1], [1, 1]])
    func loss(_ reduction: LossReduction, zeroInfinity: Bool) -> Tensor {
      ctcLoss(
        x.logSoftmax(2), labels, inputLengths: [2, 3, 4], targetLengths: [2, 1, 2], blank: 2, reduction: reduction,
        zeroInfinity: zeroInfinity)
    }
    expectClose(loss(.none, zeroInfinity: false), [.infinity, 1.27870439306, 2.84628012717])
    expectClose(loss(.none, zeroInfinity: true), [0, 1.27870439306, 2.84628012717])
    try loss(.sum, zeroInfinity: true).backward()
    let gradient = try #require(x.grad)
    #expect(gradient.isFinite().all().item() == 1 && gradient[0..., 0].abs().sum().item() == 0)
    #expect(gradient[0..., 1].abs().sum().item() > 0)
  }

  /// A class of probability 0 is made at no time, and needs no other.
  @Test func probabilitiesOfZero() throws {
    let x = Tensor([[[0.0, -.infinity]], [[-.infinity, 0.0]]], dtype: .float64)
    x.requiresGrad = true
    func loss(_ label: Int, _ count: Int) -> Tensor {
      ctcLoss(x, Tensor([[label]]), inputLengths: [2], targetLengths: [count], reduction: .sum)
    }
    #expect(loss(1, 1).item() == 0 && loss(1, 0).item() == .infinity)
    try loss(1, 1).backward()
    #expect(try #require(x.grad).array(of: Double.self) == [-1, 0, 0, -1])
  }

  @Test func noLabelsAtAll() {
    let x = scores().logSoftmax(2)
    let losses = ctcLoss(
      x, .zeros([3, 0], dtype: .int64), inputLengths: [4, 4, 4], targetLengths: [0, 0, 0], reduction: .none)
    expectClose(losses, (-x[0..., 0..., 0].sum([0])).array(of: Double.self))
  }

  @Test func whatIsRefused() async {
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ctcLoss(.zeros([4, 3, 3]), Tensor([1, 1]), inputLengths: [4, 4, 4], targetLengths: [1, 1, 1])
    }
    expect(
      shape, says: "ctcLoss needs log-probabilities [T, N, C] and int64 targets [N, S]", "[4, 3, 3]", "[2] of int64")
    let times = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ctcLoss(.zeros([0, 1, 3]), Tensor([[1]]), inputLengths: [1], targetLengths: [1])
    }
    expect(times, says: "ctcLoss of log-probabilities [0, 1, 3]: at no time")
    let blank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ctcLoss(.zeros([4, 1, 3]), Tensor([[1]]), inputLengths: [4], targetLengths: [1], blank: 3)
    }
    expect(blank, says: "ctcLoss: the blank 3 is none of 3 classes")
    let inputs = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ctcLoss(.zeros([4, 1, 3]), Tensor([[1]]), inputLengths: [5], targetLengths: [1])
    }
    expect(inputs, says: "ctcLoss: input lengths [5], expected 1 from 1 to 4")
    let labels = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ctcLoss(.zeros([4, 1, 3]), Tensor([[1]]), inputLengths: [4], targetLengths: [1, 1])
    }
    expect(labels, says: "ctcLoss: target lengths [1, 1], expected 1 from 0 to 1")
    let label = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ctcLoss(.zeros([4, 1, 3]), Tensor([[1, 0]]), inputLengths: [4], targetLengths: [2])
    }
    expect(label, says: "ctcLoss: label 0 of row 0, expected one of 3 classes but the blank 0")
  }
}
