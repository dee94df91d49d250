import Autograd
import Collective
import Testing

import DistTrain

/// A rule of the parameters' norms.
private struct NormRule: UpdateRule {
  var learningRate = 1.0
  let stateNames: [String] = []
  let needsWholeParameters = true
  func apply(_ update: ParameterUpdate) {}
}

private struct OddRule: UpdateRule {
  var learningRate = 1.0
  let stateNames = ["fast.average"]
  func apply(_ update: ParameterUpdate) {}
}

struct OptionRangeTests {
  private let model = Sequential(Linear(4, 16), Linear(16, 16), Linear(16, 2))

  private func parameters(_ names: String...) -> [Tensor] {
    model.namedParameters().filter { names.contains($0.name) }.map(\.parameter)
  }

  @Test func `the arena is cut where options change only`() {
    let arena = ParameterArena(model)
    // The last layer's bias, which takes 16 elements of the arena with its padding, comes first.
    #expect(arena.optionRanges(groups: []) == [OptionRange(elements: 0..<arena.flat.count, group: 0)])
    let found = arena.optionRanges(groups: [
      parameters("0.bias", "1.weight"), [], parameters("2.bias", "2.weight", "0.weight"),
    ])
    #expect(
      found == [
        OptionRange(elements: 0..<48, group: 3), OptionRange(elements: 48..<64, group: 0),
        OptionRange(elements: 64..<336, group: 1), OptionRange(elements: 336..<400, group: 3),
      ])
  }

  @Test func `whole parameters are a range each`() {
    let arena = ParameterArena(model)
    let found = arena.optionRanges(groups: [parameters("1.weight")], wholeParameters: true)
    #expect(found.map(\.elements) == arena.ranges)
    #expect(found.map(\.group) == [0, 0, 0, 1, 0, 0])
    let weight = arena.whole(3)
    #expect(weight.shape == [16, 16] && weight.grad?.shape == [16, 16] && weight.isLeaf)
  }

  @Test func `pieces are what lies in the parts, by group`() {
    let ranges = [
      OptionRange(elements: 0..<10, group: 1), OptionRange(elements: 10..<20, group: 0),
      OptionRange(elements: 20..<30, group: 1),
    ]
    #expect(
      ranges.pieces(in: [5..<12, 18..<30]) == [
        OptionRange(elements: 10..<12, group: 0), OptionRange(elements: 18..<20, group: 0),
        OptionRange(elements: 5..<10, group: 1), OptionRange(elements: 20..<30, group: 1),
      ])
    #expect(ranges.pieces(in: [7..<7]) == [OptionRange(elements: 0..<0, group: 0)])
  }

  @Test func `groups and rules that cannot be trap`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ParameterArena(Linear(2, 2)).optionRanges(groups: [Linear(2, 2).parameters])
      }, says: "group 0 has a tensor of shape [2, 2] that is no parameter of the model to be trained")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let layer = Linear(2, 2)
        _ = ParameterArena(layer).optionRanges(groups: [[layer.weight], layer.parameters])
      }, says: "parameter weight is in two groups, or twice in one")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let model = Sequential(Linear(2, 2))
        _ = try Replica(
          model, SGD.Options(learningRate: 1, momentum: 0.9), groups: [(model.parameters, .init(learningRate: 1))],
          communicator: LocalCommunicator())
      }, says: "keeps [\"momentum_buffer\"] for a parameter, and for those of a group []: it must be the same")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try Replica(
          Sequential(Linear(2, 2)), NormRule(), communicator: LocalCommunicator(), shardsOptimizer: true)
      }, says: "a sharded optimizer with NormRule, which needs whole parameters: a shard ends within one")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try Replica(Sequential(Linear(2, 2)), OddRule(), communicator: LocalCommunicator())
      }, says: "an optimizer that keeps [\"fast.average\"]: names have neither dots nor white space")
  }
}
