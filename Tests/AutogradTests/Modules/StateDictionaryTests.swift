import Autograd
import Testing

@Suite struct StateDictionaryTests {
  private func model() -> Sequential { Sequential(Linear(3, 2), BatchNorm1d(2), Linear(2, 1, bias: false)) }

  @Test func parametersAndBuffersInPyTorchsOrder() {
    let state = model().stateDictionary()
    #expect(
      state.map(\.name) == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
        "2.weight",
      ])
    #expect(state[6].tensor.dtype == .int64 && state[6].tensor.shape.isEmpty)
    #expect(state.allSatisfy { !$0.tensor.requiresGrad })
  }

  @Test func loadingCopiesIntoTheMemoryThatIsThere() throws {
    let (source, target) = (model(), model())
    let arena = ParameterArena(target)
    _ = source(Tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 5.0]]))
    // Another order and another precision are fine.
    let state = source.stateDictionary().reversed().map { name, tensor in
      (name: name, tensor: tensor.dtype == .float32 ? tensor.cast(to: .float64) : tensor)
    }
    try target.load(stateDictionary: state)
    for (a, b) in zip(source.stateDictionary(), target.stateDictionary()) {
      #expect(a.tensor.dtype == b.tensor.dtype)
      #expect(a.tensor.array(of: Double.self) == b.tensor.array(of: Double.self), "\(a.name)")
    }
    let last = try #require(source.parameters.last).array(of: Float.self)
    #expect(Array(arena.flat.array(of: Float.self)[..<2]) == last)
  }

  @Test func aTeacherBeginsAsACopyAndFollows() throws {
    let (student, teacher) = (model(), model())
    let x = Tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 5.0]])
    for _ in 0..<3 { _ = student(x) }
    try teacher.load(stateDictionary: student.stateDictionary())
    teacher.freeze()
    student.evaluate()
    teacher.evaluate()
    let before = student(x).array(of: Float.self)
    #expect(teacher(x).array(of: Float.self) == before && !teacher(x).requiresGrad && student(x).requiresGrad)
    try noGrad { for parameter in student.parameters { try parameter.fill(1) } }
    #expect(teacher(x).array(of: Float.self) == before)
    let start = teacher.parameters.map { $0.array(of: Float.self) }
    for (parameter, goal) in zip(teacher.parameters, student.parameters) {
      try noGrad { try parameter.interpolate(to: goal, weight: 0.25) }
    }
    for (parameter, start) in zip(teacher.parameters, start) {
      #expect(parameter.array(of: Float.self) == start.map { $0 + (1 - $0) * 0.25 })
    }
  }

  @Test func whatDoesNotFitIsListed() {
    let target = model()
    let before = target.stateDictionary().map { $0.tensor.array(of: Double.self) }
    var state = model().stateDictionary().filter { !["0.bias", "1.running_var"].contains($0.name) }
    state[0].tensor = Tensor.zeros([2, 4])
    state[4].tensor = Tensor([1.5])
    state.append(("3.weight", Tensor([1.0])))
    state.append(("2.weight", Tensor([[1.0, 1.0]])))
    let error = #expect(throws: StateDictionaryError.self) { try target.load(stateDictionary: state) }
    #expect(error?.missing == ["0.bias", "1.running_var"])
    #expect(error?.unexpected == ["3.weight", "2.weight"])
    #expect(
      error?.mismatched == [
        "0.weight has shape [2, 4], float32 instead of [2, 3], float32",
        "1.num_batches_tracked has shape [1], float32 instead of [], int64",
      ])
    #expect(error?.description.contains("missing: 0.bias, 1.running_var; unexpected: 3.weight, 2.weight") == true)
    #expect(target.stateDictionary().map { $0.tensor.array(of: Double.self) } == before)
  }

  @Test func aPartCanBeLoaded() throws {
    let target = model()
    let unmatched = try target.load(
      stateDictionary: [("0.bias", Tensor([5.0, 6.0])), ("other", Tensor([1.0]))], strict: false)
    #expect(unmatched.missing == target.stateDictionary().map(\.name).filter { $0 != "0.bias" })
    #expect(unmatched.unexpected == ["other"])
    let all = try target.load(stateDictionary: target.stateDictionary())
    #expect(all.missing.isEmpty && all.unexpected.isEmpty)
    #expect(target.parameters[1].array(of: Float.self) == [5, 6])
    #expect(throws: StateDictionaryError.self) {
      try target.load(stateDictionary: [("0.bias", Tensor([5.0]))], strict: false)
    }
  }

  @Test func aLoadBetweenForwardAndBackwardIsNoticed() throws {
    let layer = Linear(2, 1)
    let loss = layer(Tensor([[1.0, 2.0]], requiresGrad: true)).sum()
    try layer.load(stateDictionary: Linear(2, 1).stateDictionary())
    #expect(throws: AutogradError.changedInPlace(operation: "AddmmBackward0")) { try loss.backward() }
  }
}
