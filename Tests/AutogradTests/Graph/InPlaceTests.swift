import Autograd
import Testing

/// Changes in place give an error where they would give a wrong gradient.
@Suite struct InPlaceTests {
  @Test func aTrackedLeafIsProtected() throws {
    let weight = Tensor([1.0, 2.0], requiresGrad: true)
    let error = #expect(throws: AutogradError.leafChangedInPlace) { try weight -= Tensor([1.0, 1.0]) }
    #expect(error?.description.contains("noGrad") == true)
    #expect(throws: AutogradError.leafChangedInPlace) { try weight.fill(0) }
    #expect(throws: AutogradError.leafChangedInPlace) { try weight.copyElements(from: Tensor([1.0])) }
    #expect(weight.array(of: Float.self) == [1, 2])
    try noGrad { try weight -= Tensor([1.0, 1.0]) }
    #expect(weight.array(of: Float.self) == [0, 1])
    let untracked = weight.detached()
    try untracked += Tensor([5.0])
    #expect(weight.array(of: Float.self) == [5, 6])
    #expect(weight.requiresGrad && weight.isLeaf)
  }

  @Test func aResultIsProtected() {
    let x = Tensor([1.0], requiresGrad: true)
    let y = x * 2
    let error = #expect(throws: AutogradError.resultChangedInPlace(operation: "MulBackward0")) { try y.fill(0) }
    #expect(error?.description.contains("noGrad") == true)
  }

  @Test func aGradientThatWouldBeLostIsNoticed() throws {
    let (sum, w) = (Tensor.zeros([1]), Tensor([2.0], requiresGrad: true))
    let error = #expect(throws: AutogradError.trackedOperandInPlace) { try sum += w * 3 }
    #expect(error?.description.contains("s = s + x") == true)
    #expect(throws: AutogradError.trackedOperandInPlace) { try sum.copyElements(from: w) }
    #expect(sum.item() == 0)
    try sum += w.detached()
    try noGrad { try sum += w }
    #expect(sum.item() == 4)
  }

  @Test func aChangedExtremumIsNoticed() throws {
    let x = Tensor([1.0, 3.0], requiresGrad: true)
    for (extremum, name) in [(x.maximum(), "MaxBackward1"), (x.minimum(), "MinBackward1")] {
      let doubled = extremum * 2
      try noGrad { try extremum.fill(1) }
      #expect(throws: AutogradError.changedInPlace(operation: name)) { try doubled.sum().backward() }
    }
    #expect(x.grad == nil)
  }

  @Test func aChangedTargetOfALossIsNoticed() throws {
    let logits = Tensor([[1.0, 2.0]], requiresGrad: true)
    let labels = Tensor([1])
    let entropy = crossEntropy(logits, labels)
    try labels.fill(7)
    #expect(throws: AutogradError.changedInPlace(operation: "NllLossBackward0")) { try entropy.backward() }
    try labels.fill(0)
    let (loss, upstream) = (crossEntropy(logits, labels), Tensor(1.0, requiresGrad: true))
    let slope = try gradients(of: loss * upstream, withRespectTo: [logits], createGraph: true)[0]
    try labels.fill(7)
    #expect(throws: AutogradError.changedInPlace(operation: "NllLossBackwardBackward0")) {
      try (slope * slope).sum().backward()
    }
    let weight = Tensor([3.0, 4.0])
    let binary = binaryCrossEntropyWithLogits(logits[0], Tensor([0.0, 1.0]), positiveWeight: weight)
    try weight.fill(0)
    #expect(throws: AutogradError.changedInPlace(operation: "BinaryCrossEntropyWithLogitsBackward0")) {
      try binary.backward()
    }
  }

  @Test func aChangedInputIsNoticed() throws {
    let x = Tensor([3.0], requiresGrad: true)
    let factor = Tensor([2.0])
    let y = (x * factor).sum()
    try factor.fill(7)
    let error = #expect(throws: AutogradError.changedInPlace(operation: "MulBackward0")) { try y.backward() }
    #expect(error?.description.contains("changed in place") == true)
    #expect(x.grad == nil)
  }

  @Test func aChangedOutputIsNoticed() throws {
    let x = Tensor([3.0], requiresGrad: true)
    let y = x.exp()
    try noGrad { try y.fill(1) }
    #expect(throws: AutogradError.changedInPlace(operation: "ExpBackward0")) { try y.sum().backward() }
  }

  @Test func aChangeThroughAViewIsNoticed() throws {
    let x = Tensor([3.0, 4.0], requiresGrad: true)
    let factor = Tensor([[1.0, 2.0]])
    let y = (x * factor.reshaped([2])).sum()
    factor.withMutableElements(of: Float.self) { $0[0] = 9 }
    #expect(throws: AutogradError.changedInPlace(operation: "MulBackward0")) { try y.backward() }
  }

  @Test func aChangeOfWhatNobodyReadsIsFine() throws {
    let x = Tensor([3.0], requiresGrad: true)
    let offset = Tensor([2.0])
    let y = (x + offset).sum()
    try offset.fill(7)
    try y.backward()
    #expect(x.grad?.item() == 1)
  }

  @Test func aPassThatDoesNotNeedTheChangedTensorIsFine() throws {
    let (a, b) = (Tensor([3.0], requiresGrad: true), Tensor([5.0], requiresGrad: true))
    let factor = Tensor([2.0])
    let y = (a * factor + b * 4).sum()
    try factor.fill(7)
    #expect(try gradients(of: y, withRespectTo: [b], retainGraph: true)[0].item() == 4)
    #expect(throws: AutogradError.changedInPlace(operation: "MulBackward0")) {
      try gradients(of: y, withRespectTo: [a])
    }
  }

  @Test func aGradientThatIsAddedToIsNoticed() throws {
    let (x, weight) = (Tensor([[2.0]]), Tensor([[1.0]], requiresGrad: true))
    try x.linear(weight).sum().backward()
    let factor = Tensor([[3.0]], requiresGrad: true)
    let y = (try #require(weight.grad) * factor).sum()
    try x.linear(weight).sum().backward()
    #expect(throws: AutogradError.changedInPlace(operation: "MulBackward0")) { try y.backward() }
  }

  @Test func aPartOfTheTargetIsReadBeforeItIsChanged() throws {
    let x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    try x += x[0]
    #expect(x.array(of: Float.self) == [2, 4, 4, 6])
    let y = Tensor([[1.0], [2.0]])
    try y -= y[1]
    #expect(y.array(of: Float.self) == [-1, 0])
    try y -= y
    #expect(y.array(of: Float.self) == [0, 0])
    let z = Tensor([1.0, 2.0, 4.0, 8.0])
    try z[1..<4] += z[0..<3]
    #expect(z.array(of: Float.self) == [1, 3, 6, 12])
  }
}
