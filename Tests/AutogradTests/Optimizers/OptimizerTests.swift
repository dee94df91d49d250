import Autograd
import Foundation
import Testing

@Suite struct OptimizerTests {
  private final class Pair: Module {
    let first = Parameter(Tensor([1.0, 2.0, 3.0]))
    let second = Parameter(Tensor([[4.0], [5.0]]))

    func loss() -> Tensor { (first * first).sum() + (second * second * second).sum() }
  }

  private func optimizers(_ parameters: [Tensor]) -> [any Optimizer] {
    [
      SGD(parameters, .init(learningRate: 0.01, momentum: 0.9, weightDecay: 0.1)),
      Adam(parameters, .init(learningRate: 0.01)), AdamW(parameters, .init(learningRate: 0.01)),
      NAdam(parameters, .init(learningRate: 0.01)), RAdam(parameters, .init(learningRate: 0.01)),
      RMSprop(parameters, .init(momentum: 0.5)), Adagrad(parameters, .init(initialState: 0.1)),
    ]
  }

  @Test func fewNumbersCanBeGivenAlone() {
    let leaf = [Tensor([1.0], requiresGrad: true)]
    let sgd = SGD(leaf, learningRate: 0.1, momentum: 0.9, weightDecay: 0.01).options
    #expect(sgd.learningRate == 0.1 && sgd.momentum == 0.9 && sgd.weightDecay == 0.01)
    let adam = Adam(leaf, learningRate: 0.1).options
    #expect(adam.learningRate == 0.1 && adam.beta2 == 0.999 && adam.weightDecay == 0)
    let adamW = AdamW(leaf, learningRate: 0.1).options
    #expect(adamW.learningRate == 0.1 && adamW.weightDecay == 0.01 && AdamW(leaf).options.learningRate == 0.001)
    let nadam = NAdam(leaf, weightDecay: 0.1).options
    #expect(nadam.learningRate == 0.002 && nadam.momentumDecay == 0.004 && nadam.weightDecay == 0.1)
    #expect(RAdam(leaf, learningRate: 0.1).options == RAdam.Options(learningRate: 0.1, weightDecay: 0))
    let rmsprop = RMSprop(leaf, learningRate: 0.1, momentum: 0.5).options
    #expect(rmsprop.learningRate == 0.1 && rmsprop.momentum == 0.5 && rmsprop.smoothing == 0.99)
    let adagrad = Adagrad(leaf, learningRate: 0.1, weightDecay: 0.2).options
    #expect(adagrad.learningRate == 0.1 && adagrad.weightDecay == 0.2)
  }

  @Test func anArenaIsSteppedOverAsItsParametersAre() throws {
    for index in optimizers([Tensor(1.0)]).indices {
      let (separate, joined) = (Pair(), Pair())
      let arena = ParameterArena(joined)
      let one = optimizers(separate.parameters)[index]
      let other = optimizers([arena.flat])[index]
      for step in 0..<4 {
        one.zeroGrad()
        if step % 2 == 0 { arena.zeroGrad() } else { other.zeroGrad() }
        try separate.loss().backward()
        try joined.loss().backward()
        one.step()
        other.step()
      }
      for (a, b) in zip(separate.parameters, joined.parameters) {
        #expect(a.array(of: Float.self) == b.array(of: Float.self))
      }
      #expect(separate.first.array(of: Float.self) != [1, 2, 3])
    }
  }

  @Test func groupsHaveTheirOwnOptions() {
    let (a, b) = (Tensor([1.0]), Tensor([1.0]))
    let optimizer = SGD(groups: [
      ParameterGroup([a], .init(learningRate: 0.5)), ParameterGroup([b], .init(learningRate: 0.25)),
    ])
    a.grad = Tensor([1.0])
    b.grad = Tensor([1.0])
    optimizer.step()
    #expect(a.item() == 0.5)
    #expect(b.item() == 0.75)
    optimizer.learningRates = [0, 1]
    #expect(optimizer.groups.map(\.options.learningRate) == [0, 1])
    optimizer.step()
    #expect(a.item() == 0.5)
    #expect(b.item() == -0.25)
    optimizer.setLearningRates(StepLR(stepSize: 1, factor: 0.5), at: 2, base: [1, 4])
    #expect(optimizer.learningRates == [0.25, 1])
  }

  @Test func parametersWithoutAGradientStayAsTheyAre() {
    let (used, unused) = (Tensor([1.0]), Tensor([1.0]))
    let optimizer = Adam([used, unused], .init(weightDecay: 1))
    used.grad = Tensor([1.0])
    optimizer.step()
    #expect(unused.item() == 1)
    #expect(optimizer.stateDictionary().map(\.name) == ["0.step", "0.exp_avg", "0.exp_avg_sq"])
    optimizer.zeroGrad()
    #expect(used.grad == nil)
    optimizer.step()
    #expect(optimizer.stateDictionary()[0].tensor.item() == 1)
  }

  @Test func stateOfAnotherModelIsRefused() throws {
    let (small, large) = (Tensor([1.0]), Tensor([1.0, 2.0]))
    small.grad = Tensor([1.0])
    large.grad = Tensor([1.0, 1.0])
    let (saved, other) = (Adam([small], .init()), Adam([large], .init()))
    saved.step()
    other.step()
    let before = other.stateDictionary().map { $0.tensor.array(of: Double.self) }
    #expect(throws: StateDictionaryError.self) { try other.load(stateDictionary: saved.stateDictionary()) }
    do {
      try other.load(stateDictionary: [
        ("0.step", Tensor(3)), ("0.sum", large), ("0.exp_avg", small), ("7.step", large),
      ])
      Issue.record("a state of the wrong kind was loaded")
    } catch let error as StateDictionaryError {
      #expect(error.missing == ["0.exp_avg_sq"])
      #expect(error.unexpected == ["0.sum", "7.step"])
      #expect(error.mismatched == ["0.exp_avg has shape [1], float32 instead of [2], float32"])
      #expect(error.description.contains("missing: 0.exp_avg_sq; unexpected: 0.sum, 7.step; not fitting: 0.exp_avg"))
    }
    #expect(other.stateDictionary().map { $0.tensor.array(of: Double.self) } == before)
  }

  @Test(arguments: [0, -1, Int.max])
  func anImpossibleNumberOfUpdatesIsRefused(step: Int) {
    let weight = Tensor([1.0])
    let optimizer = SGD([weight], learningRate: 0.1)
    let error = #expect(throws: StateDictionaryError.self) {
      try optimizer.load(stateDictionary: [("0.step", Tensor(step))])
    }
    #expect(error?.mismatched == ["0.step is \(step) instead of a number of updates"])
  }

  @Test func anEmptyStateStartsAfresh() throws {
    let weight = Tensor([1.0])
    weight.grad = Tensor([1.0])
    let optimizer = SGD([weight], learningRate: 0.1, momentum: 0.9)
    optimizer.step()
    try optimizer.load(stateDictionary: [])
    #expect(optimizer.stateDictionary().isEmpty)
  }

  @Test func doublePrecisionParametersAreUpdatedInDouble() {
    for optimizer in optimizers([Tensor(1.0)]).indices {
      let weight = Tensor([1.0], dtype: .float64)
      weight.grad = Tensor([1.0 / 3], dtype: .float64)
      optimizers([weight])[optimizer].step()
      let value = weight.item()
      #expect(value < 1 && Double(Float(value)) != value)
    }
  }

  @Test func aStepInvalidatesGraphsThatNeedTheOldWeights() throws {
    let weight = Tensor([2.0], requiresGrad: true)
    let loss = (weight * weight).sum()
    try loss.backward(retainGraph: true)
    SGD([weight], learningRate: 0.1).step()
    #expect(throws: AutogradError.changedInPlace(operation: "MulBackward0")) { try loss.backward() }
  }

  @Test func misuseTraps() async {
    await #expect(processExitsWith: .failure) {
      let weight = Tensor([1.0])
      _ = SGD([weight, weight], learningRate: 0.1)
    }
    await #expect(processExitsWith: .failure) {
      _ = SGD.Options(learningRate: 0.1, nesterov: true)
    }
    await #expect(processExitsWith: .failure) {
      SGD([Tensor([1.0])], learningRate: 0.1).learningRates = [1, 2]
    }
  }

  @Test func optionsOutOfTheirRangeTrap() async {
    let beta = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Adam.Options(beta1: 1)
    }
    expect(beta, says: "AdamRule: beta1 of 1.0, expected at least 0 and less than 1")
    let decayed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = AdamW.Options(beta2: .nan)
    }
    expect(decayed, says: "AdamWRule: beta2 of nan")
    let rate = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = SGD([Tensor([1.0])], learningRate: -1)
    }
    expect(rate, says: "SGDRule: learningRate of -1.0, expected at least 0")
    let smoothing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = RMSprop.Options(epsilon: -1e-8)
    }
    expect(smoothing, says: "RMSpropRule: epsilon of -1e-08")
    let momentum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = NAdam.Options(momentumDecay: -1)
    }
    expect(momentum, says: "NAdamRule: momentumDecay of -1.0")
    let square = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = RAdam.Options(beta2: 1)
    }
    expect(square, says: "RAdamRule: beta2 of 1.0, expected at least 0 and less than 1")
    let state = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Adagrad.Options(initialState: -1)
    }
    expect(state, says: "AdagradRule: initialState of -1.0")
    let nothing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = SGD([], learningRate: 1)
    }
    expect(nothing, says: "an optimizer of no parameters")
    let computed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = SGD([Tensor([1.0], requiresGrad: true) * 2], learningRate: 1)
    }
    expect(computed, says: "MulBackward0")
    let factor = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LinearLR(from: 0)
    }
    expect(factor, says: "LinearLR from 0.0 to 1.0")
    let rising = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = OneCycleLR(maximum: 1, stepCount: 10, risingPart: 2)
    }
    expect(rising, says: "a rising part of 2.0")
  }

  /// The numbers are PyTorch's.
  @Test func cosinesThatStartAgain() {
    let growing = CosineAnnealingWarmRestarts(firstCycle: 3, growth: 2, minimum: 0.1)
    let expected = [
      1, 0.775, 0.325, 1, 0.9397114317029974, 0.775, 0.55, 0.325, 0.16028856829700258, 1, 0.9846666218300807,
      0.9397114317029974,
    ]
    for (step, rate) in expected.enumerated() {
      #expect(abs(growing.learningRate(at: step, base: 1) - rate) < 1e-14, "step \(step)")
    }
    let even = CosineAnnealingWarmRestarts(firstCycle: 4)
    #expect(abs(even.learningRate(at: 9, base: 2) - 2 * 0.8535533905932737) < 1e-14)
    #expect(even.learningRate(at: 4_000_000_000, base: 2) == 2)
  }

  /// The numbers are PyTorch's.
  @Test func ratesAreLoweredOnAPlateau() throws {
    func rates(_ plateau: ReduceLROnPlateau, _ numbers: [Double]) -> [Double] {
      var (plateau, rate) = (plateau, 1.0)
      return numbers.map { number in
        rate = plateau.learningRate(after: number, from: rate)
        return rate
      }
    }
    let losses = [
      1, 0.9, 0.95, 0.92, 0.91, 0.8999, 0.89995, 0.7, .nan, 0.8, 0.75, 0.9, 0.69, 0.695, 0.7, 0.8,
    ]
    #expect(
      rates(ReduceLROnPlateau(factor: 0.5, patience: 1), losses)
        == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.125, 0.0625, 0.0625])
    #expect(
      rates(ReduceLROnPlateau(factor: 0.5, patience: 1, cooldown: 2, minimum: 0.2), losses)
        == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.2, 0.2])
    #expect(
      rates(ReduceLROnPlateau(goal: .larger, patience: 0, threshold: 0.1), [.nan, 0.1, 0.2, 0.2, 0.19, 0.3])
        == [0.1, 0.1, 0.1, 0.010000000000000002, 0.0010000000000000002, 0.0010000000000000002])
    #expect(
      rates(ReduceLROnPlateau(factor: 1e-3, patience: 0), [1, 1, 1, 1, 1]) == [1, 0.001, 1e-06, 1e-09, 1e-09])
    #expect(
      rates(ReduceLROnPlateau(patience: 0), [.infinity, .infinity, 5, 4]) == [
        0.1, 0.010000000000000002, 0.010000000000000002, 0.010000000000000002,
      ])
    var groups = ReduceLROnPlateau(factor: 0.5, patience: 1)
    var both = [1.0, 0.25]
    for loss in [3.0, 3, 3] { both = groups.learningRates(after: loss, from: both) }
    #expect(both == [0.5, 0.125])
    var plateau = ReduceLROnPlateau(patience: 0, cooldown: 3)
    for number in [1.0, 2] { _ = plateau.learningRate(after: number, from: 1) }
    let restored = try JSONDecoder().decode(ReduceLROnPlateau.self, from: JSONEncoder().encode(plateau))
    #expect(restored == plateau && restored.best == 1)
  }

  @Test func schedulesHoldAtTheirEnds() {
    let cycle = OneCycleLR(maximum: 1, stepCount: 10, risingPart: 0.1)
    #expect(cycle.learningRate(at: 0, base: 0) == 1)
    #expect(cycle.learningRate(at: 9, base: 0) == cycle.learningRate(at: 50, base: 0))
    #expect(OneCycleLR(maximum: 2, stepCount: 1, risingPart: 1).learningRate(at: 0, base: 0) == 2)
    #expect(OneCycleLR(maximum: 2, stepCount: 10, risingPart: 1).learningRate(at: 9, base: 0) == 2)
    #expect(LinearLR().learningRate(at: 100, base: 3) == 3)
  }

  @Test func warmUpGoesOverToWhatComesThen() {
    let alone = LinearWarmup(stepCount: 3)
    #expect((0..<5).map { alone.learningRate(at: $0, base: 2) } == [0.5, 1, 1.5, 2, 2])
    let decaying = LinearWarmup(stepCount: 1, then: ExponentialLR(factor: 0.5))
    #expect((0..<4).map { decaying.learningRate(at: $0, base: 2) } == [1, 2, 1, 0.5])
    #expect(LinearWarmup(stepCount: 0).learningRate(at: 0, base: 2) == 2)
    #expect(LinearWarmup(stepCount: .max).learningRate(at: 0, base: 2) == 0x1p-62)
  }

  @Test func aParameterThatChangedItsTypeTraps() async {
    await #expect(processExitsWith: .failure) {
      let layer = Linear(2, 1)
      let optimizer = SGD(layer.parameters, learningRate: 0.1, momentum: 0.9)
      try layer(Tensor([[1.0, 2.0]])).sum().backward()
      optimizer.step()
      layer.convert(to: .float64)
      try layer(Tensor([[1.0, 2.0]], dtype: .float64)).sum().backward()
      optimizer.step()
    }
  }
}
