import Autograd
import Testing

@Suite struct DifferentiableFunctionTests {
  /// x³.
  private struct Cube: DifferentiableFunction {
    func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor {
      context.save(inputs[0])
      return inputs[0] ** 3
    }

    func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
      [gradient * 3 * context.saved[0].pow(2)]
    }
  }

  /// eˣ · scale, with the output saved and no gradient for the scale.
  private struct ScaledExponential: DifferentiableFunction {
    func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor {
      let y = inputs[0].exp() * inputs[1]
      context.save(y)
      return y
    }

    func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
      [gradient * context.saved[0], nil]
    }
  }

  /// x, with its gradient reversed.
  private struct Reversal: DifferentiableFunction {
    func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor { inputs[0] }
    func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] { [-gradient] }
  }

  private struct WrongShape: DifferentiableFunction {
    func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor { inputs[0].sum() }
    func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] { [gradient] }
  }

  @Test func itsGradientIsTheGivenOne() throws {
    let x = Tensor([2.0, 3.0], requiresGrad: true)
    let y = Cube()(x)
    #expect(y.gradientFunction?.name == "CubeBackward")
    #expect(y.array(of: Float.self) == [8, 27])
    try y.sum().backward()
    #expect(x.grad?.array(of: Float.self) == [12, 27])
    try checkGradients(of: { Cube()($0) }, at: [x])
    try checkSecondGradients(of: { Cube()($0) }, at: [x])
  }

  @Test func aSavedOutputKeepsItsPlaceInTheGraph() throws {
    let (x, scale) = (Tensor([0.5], dtype: .float64), Tensor([2.0], dtype: .float64))
    try checkGradients(of: { ScaledExponential()($0[0], scale) }, at: [x])
    try checkSecondGradients(of: { ScaledExponential()($0[0], scale) }, at: [x])
  }

  @Test func anInputGivenBackIsNotTheInput() throws {
    let x = Tensor([2.0], requiresGrad: true)
    let y = Reversal()(x)
    #expect(x.isLeaf && !y.isLeaf)
    try (y * 3).sum().backward()
    #expect(x.grad?.item() == -3)
  }

  @Test func nothingIsRecordedWithoutNeed() {
    #expect(Cube()(Tensor([1.0])).isLeaf)
    #expect(noGrad { Cube()(Tensor([1.0], requiresGrad: true)) }.isLeaf)
  }

  @Test func aChangeOfASavedTensorIsNoticed() throws {
    let x = Tensor([2.0], requiresGrad: true)
    let y = Cube()(x).sum()
    try noGrad { try x.fill(1) }
    #expect(throws: AutogradError.changedInPlace(operation: "CubeBackward")) { try y.backward() }
  }

  @Test func theGraphIsReleased() {
    weak var output: Tensor?
    do {
      let y = ScaledExponential()(Tensor([1.0], requiresGrad: true), Tensor([1.0]))
      output = y
    }
    #expect(output == nil)
  }

  @Test func aGradientOfTheWrongShapeTraps() async {
    await #expect(processExitsWith: .failure) {
      let x = Tensor([1.0, 2.0], requiresGrad: true)
      try WrongShape()(x).backward()
    }
  }

  @Test func wrongGradientsAreFound() throws {
    let x = Tensor([1.0, 2.0], dtype: .float64)
    let error = #expect(throws: GradientCheckError.self) { try checkGradients(of: { Reversal()($0) }, at: [x]) }
    #expect(error?.computed == -1)
    #expect(abs((error?.expected ?? 0) - 1) < 1e-8)
    #expect(error?.input == 0 && error?.element == error?.output)
    #expect(error?.description.contains("-1.0 by the backward pass") == true)
    #expect(throws: GradientCheckError.self) { try checkGradients(of: { ($0[0] - 1).log() }, at: [x]) }
  }

  @Test func aGradientOfAnotherTypeIsConverted() throws {
    struct Doubled: DifferentiableFunction {
      func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor { inputs[0] * 2 }

      func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
        [gradient.cast(to: .float64) * 2]
      }
    }
    let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    try (Doubled()(x) + Doubled()(x)).sum().backward()
    #expect(x.grad?.dtype == .float32)
    #expect(x.grad?.array(of: Float.self) == [4, 4, 4])
  }
}
