import Autograd
import Testing

/// Every operator against PyTorch's float64 results and gradients, with the fast kernels and without.
@Suite struct OperatorFixtureTests {
  @Test(arguments: OperatorFixture.all.cases.indices, [false, true])
  func agreesWithPyTorch(index: Int, generic: Bool) throws {
    try Kernels.choosing(generic: generic) { try Self.check(index) }
  }

  /// Runs a case on a device.
  static func check(_ index: Int, on device: Device = .cpu) throws {
    let expected = OperatorFixture.all.cases[index]
    guard let operation = FixtureOperators.table[expected.op] else {
      Issue.record("no operator for the fixture case \(expected)")
      return
    }
    let largestInput = expected.inputs.values.flatMap(\.data).compactMap { $0 }.map(abs).max() ?? 0
    let summed = expected.args["reduction"]?.string == "sum" ? Double(expected.inputs["x"]?.data.count ?? 1) : 1
    let slack = Self.operatorsWithRoundedInputs.contains(expected.op) ? largestInput * summed * 0x1p-23 : 0
    for precision in [DataType.float64, .float32] {
      let inputs = expected.inputs.mapValues { $0.tensor(precision).to(device) }
      for name in expected.grads.keys { inputs[name]?.requiresGrad = true }
      let output = operation(FixtureOperators.Call(inputs: inputs, args: expected.args))
      #expect(output.shape == expected.output.shape, "\(expected)")
      let single = precision == .float32
      try close(output, expected.output, single ? expected.output_f32 : nil, slack, "output of \(expected)")
      guard output.dtype.isFloatingPoint else { continue }
      try output.backward(gradient: expected.grad_output?.tensor(precision).to(device))
      for (name, gradient) in expected.grads.sorted(by: { $0.key < $1.key }) {
        let found = try #require(inputs[name]?.grad, "gradient of \(name) in \(expected)")
        try close(found, gradient, single ? expected.grads_f32[name] : nil, slack, "gradient of \(name) in \(expected)")
      }
    }
  }

  /// The reference was computed from inputs that the file then holds rounded to float32, a relative 2⁻²⁴.
  private static let operatorsWithRoundedInputs: Set = [
    "log_softmax", "logsumexp", "cross_entropy", "nll_loss", "smooth_l1_loss", "bce_with_logits",
  ]

  /// In float64 within 1e-10; in float32 within a few times the error that PyTorch's float32 result has.
  private static func close(
    _ found: Tensor, _ expected: OperatorFixture.Array, _ single: OperatorFixture.Array?, _ slack: Double,
    _ what: String
  ) throws {
    #expect(found.shape == expected.shape, "\(what)")
    let reference = expected.data.map { $0 ?? .nan }
    let scale = reference.filter(\.isFinite).map(abs).max() ?? 1
    let theirs = single.map { zip($0.data, reference).map { abs(($0 ?? .nan) - $1) }.filter(\.isFinite).max() ?? 0 }
    let bound = theirs.map { 4 * max($0, scale * 1.2e-7) } ?? (1e-10 * max(scale, 1))
    for (a, b) in zip(found.array(of: Double.self), reference) where !(a.isNaN && b.isNaN) && a != b {
      #expect(abs(a - b) <= bound + slack, "\(what): \(a) instead of \(b)")
    }
  }
}
