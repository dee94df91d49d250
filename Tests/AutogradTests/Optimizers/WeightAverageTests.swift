import Autograd
import Testing

struct WeightAverageTests {
  private let x = Tensor.arange(8).cast(to: .float64).cos().reshaped([4, 2])

  private func model() throws -> Sequential {
    let model = Sequential(Linear(2, 2), BatchNorm1d(2)).convert(to: .float64)
    for (index, parameter) in model.parameters.enumerated() {
      let numbers = (Tensor.arange(parameter.count).cast(to: .float64) + Double(index)).sin()
      try noGrad { try parameter.copyElements(from: numbers.reshaped(parameter.shape)) }
    }
    return model
  }

  private func train(_ model: Sequential, _ average: WeightAverage, steps: Range<Int>, _ optimizer: SGD) throws {
    for step in steps {
      optimizer.zeroGrad()
      try ((model(x * Double(step + 1)) - x) ** 2).sum().backward()
      optimizer.step()
      average.update()
    }
  }

  private func elements(_ tensors: [(name: String, tensor: Tensor)]) -> [[Double]] {
    tensors.map { $0.tensor.array(of: Double.self) }
  }

  private func expectClose(_ found: Tensor, _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (a, b) in zip(found.array(of: Double.self), expected) {
      #expect(abs(a - b) < 1e-12, "\(a) instead of \(b)", sourceLocation: sourceLocation)
    }
  }

  /// `AveragedModel(m)` and `AveragedModel(m, avg_fn=get_ema_avg_fn(0.75))` after four steps of
  /// `torch.optim.SGD(m.parameters(), lr=0.3, momentum=0.9)`, in evaluation: its outputs, its last weight, bias and running mean.
  static let expected: [(rule: WeightAverage.Rule, output: [Double], state: [String: [Double]])] = [
    (
      .equal,
      [
        0.6386874008186122, 0.760073045384344, -0.013688283164551738, -0.006182104519533144, 0.02781696082464461,
        0.4020084189070603, 0.6456480928353658, 0.8285291787459392,
      ],
      [
        "n_averaged": [4],
        "module.0.weight": [2.860591102427182, 0.7966657588583553, 0.5667154436389996, 1.2261199377061023],
        "module.1.bias": [0.23766782292115962, 0.31416620792020566],
        "module.1.running_mean": [0.8929066225628337, 0.5795693382644466],
        "module.1.running_var": [26.084213172449424, 5.9284783819209785], "module.1.num_batches_tracked": [4],
      ]
    ),
    (
      .exponential(decay: 0.75),
      [
        0.5132890973693194, 1.075020897313109, 0.10049068958009075, 0.27342639157629284, 0.13405546461545453,
        0.6634759657865209, 0.5189181225039169, 1.1404346787150446,
      ],
      [
        "n_averaged": [4],
        "module.0.weight": [2.601954960582167, 0.7984193497120099, 0.6117257534504857, 1.0714317626383578],
        "module.1.bias": [0.26241583875585806, 0.5886866666590627],
        "module.1.running_mean": [0.8929066225628337, 0.5795693382644466],
        "module.1.running_var": [26.084213172449424, 5.9284783819209785], "module.1.num_batches_tracked": [4],
      ]
    ),
  ]

  @Test(arguments: expected.indices) func `averages are PyTorch's`(_ index: Int) throws {
    let (rule, output, state) = Self.expected[index]
    let model = try model()
    let average = WeightAverage(of: model, rule)
    try train(model, average, steps: 0..<4, SGD(model.parameters, learningRate: 0.3, momentum: 0.9))
    let found = Dictionary(uniqueKeysWithValues: average.stateDictionary())
    for (name, numbers) in state { expectClose(try #require(found[name]), numbers) }
    #expect(found.count == 8 && average.updateCount == 4)
    let own = elements(model.stateDictionary())
    average.withAverage { model.evaluating { noGrad { expectClose(model(x), output) } } }
    #expect(elements(model.stateDictionary()) == own)
    expectClose(
      model.evaluating { noGrad { model(x) } },
      [
        0.504212992604428, 1.2166883673929858, 0.13197560592293459, -0.10085660513300172, 0.1243057602252068,
        0.902315502501114, 0.5029267109545285, 1.3849266768185682,
      ])
  }

  @Test func `before the first update it is the model as it was`() throws {
    let model = try model()
    let average = WeightAverage(of: model, .equal)
    let start = elements(model.stateDictionary())
    try noGrad { for parameter in model.parameters { try parameter.fill(9) } }
    average.withAverage { #expect(elements(model.stateDictionary()) == start) }
    average.update()
    average.withAverage {
      #expect(model.parameters.allSatisfy { $0.array(of: Double.self).allSatisfy { $0 == 9 } })
    }
  }

  @Test(arguments: [WeightAverage.Rule.equal, .exponential(decay: 0.9)])
  func `the first update copies, whatever was there before`(_ rule: WeightAverage.Rule) throws {
    let model = try model()
    try noGrad { for parameter in model.parameters { try parameter.fill(.infinity) } }
    let average = WeightAverage(of: model, rule)
    try noGrad { for parameter in model.parameters { try parameter.fill(9) } }
    average.update()
    average.withAverage {
      #expect(model.parameters.allSatisfy { $0.array(of: Double.self).allSatisfy { $0 == 9 } })
    }
  }

  @Test func `the model has its own again after an error, too`() throws {
    struct Failure: Error {}
    let model = try model()
    let average = WeightAverage(of: model, .equal)
    let start = elements(model.stateDictionary())
    #expect(throws: Failure.self) {
      try average.withAverage {
        try noGrad { for (_, tensor) in model.stateDictionary() { try tensor.fill(3) } }
        throw Failure()
      }
    }
    #expect(elements(model.stateDictionary()) == start)
    average.withAverage { #expect(elements(model.stateDictionary()) == start) }
  }

  @Test func `a state goes on with the same bits`() throws {
    let model = try model()
    let average = WeightAverage(of: model, .exponential(decay: 0.9))
    let optimizer = SGD(model.parameters, learningRate: 0.3)
    try train(model, average, steps: 0..<2, optimizer)
    let other = WeightAverage(of: model, .exponential(decay: 0.9))
    try other.load(stateDictionary: average.stateDictionary())
    try train(model, average, steps: 2..<3, optimizer)
    other.update()
    #expect(elements(other.stateDictionary()) == elements(average.stateDictionary()))
    let before = elements(other.stateDictionary())
    #expect(throws: StateDictionaryError.self) {
      try other.load(stateDictionary: average.stateDictionary().dropLast())
    }
    #expect(elements(other.stateDictionary()) == before)
  }

  @Test func `what makes no sense traps`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = WeightAverage(of: Linear(1, 1), .exponential(decay: 1.5))
      }, says: "an average of weights with a decay of 1.5, expected one from 0 to 1")
    let within = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let average = WeightAverage(of: Linear(1, 1), .equal)
      average.withAverage { average.update() }
    }
    expect(within, says: "an average of weights was updated while the model had it in place of its own")
  }

  @Test func `a negative number of updates is refused`() throws {
    let average = WeightAverage(of: Linear(1, 1), .equal)
    let state = average.stateDictionary().map { name, tensor in (name, name == "n_averaged" ? Tensor(-5) : tensor) }
    #expect(throws: StateDictionaryError.self) { try average.load(stateDictionary: state) }
    #expect(average.updateCount == 0)
  }
}
