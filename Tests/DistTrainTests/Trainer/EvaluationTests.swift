import Autograd
import Collective
import DistTrain
import Foundation
import Testing

struct EvaluationTests {
  /// Gives the scores that it is given: input and output are the same.
  private final class Scores: Module, Layer {
    func callAsFunction(_ x: Tensor) -> Tensor { x }
  }

  /// Of five samples, three have their largest score at their class.
  private static let scores = [[2.0, 1, 0], [0, 3, 1], [1, 0, 4], [5, 0, 0], [0, 1, 0]]
  private static let classes: [Int64] = [0, 1, 2, 1, 2]

  private static var samples: TensorDataset {
    TensorDataset(Tensor(scores, dtype: .float32), Tensor(classes, shape: [5]))
  }

  @Test(arguments: 1...6, [1, 2, 500])
  func `every sample counts once on any number of ranks`(_ ranks: Int, _ batch: Int) throws {
    let evaluations = try ThreadCommunicator.run(size: ranks) { communicator in
      try Evaluation(of: Scores(), on: Self.samples, communicator: communicator, batch: batch)
    }
    let mean =
      zip(Self.scores, Self.classes).map { scores, label in
        log(scores.map { exp($0) }.reduce(0, +)) - scores[Int(label)]
      }.reduce(0, +) / 5
    for evaluation in evaluations {
      #expect(evaluation.count == 5)
      #expect(evaluation.accuracy == 0.6)
      #expect(abs(evaluation.loss - mean) < 1e-6)
      #expect(evaluation == evaluations[0])
    }
  }

  /// Four samples of two places, of which one is ignored.
  @Test(arguments: 1...3)
  func `every place of a sequence counts once`(_ ranks: Int) throws {
    @Sendable func samples() -> TensorDataset {
      TensorDataset(
        Tensor.randn([4, 3, 2], generator: RandomGenerator(seed: 1)), Tensor([[0, 1], [2, -100], [1, 1], [0, 2]]))
    }
    let evaluations = try ThreadCommunicator.run(size: ranks) { communicator in
      try Evaluation(of: Scores(), on: samples(), communicator: communicator, batch: 2)
    }
    let all = samples().batch([0, 1, 2, 3])
    let (scores, targets) = (all.inputs, all.targets)
    let hits = zip(scores.argmax(1).array(of: Int.self), targets.array(of: Int.self)).count { $0 == $1 }
    for evaluation in evaluations {
      #expect(evaluation.count == 7 && evaluation.accuracy == Double(hits) / 7)
      #expect(abs(evaluation.loss - crossEntropy(scores, targets).item()) < 1e-6)
    }
  }

  @Test func `targets may be probabilities`() throws {
    let scores = Tensor(Self.scores, dtype: .float32)
    let probabilities = Tensor([[0.9, 0, 0.1], [0, 1, 0], [0, 0.4, 0.6], [0, 1, 0], [0, 0, 1]])
    let evaluation = try Evaluation(
      of: Scores(), on: TensorDataset(scores, probabilities), communicator: LocalCommunicator())
    #expect(evaluation.count == 5 && evaluation.accuracy == 0.6)
    #expect(abs(evaluation.loss - crossEntropy(scores, probabilities).item()) < 1e-6)
  }

  @Test func `the model goes back to its mode`() throws {
    let model = Sequential(Linear(3, 3))
    for isTraining in [true, false] {
      model.train(isTraining)
      _ = try Evaluation(of: model, on: Self.samples, communicator: LocalCommunicator())
      #expect(model.isTraining == isTraining)
      #expect(model.layers[0].isTraining == isTraining)
    }
  }

  @Test func `a part goes back to its own mode`() throws {
    struct Unmeasured: Error {}
    let model = Sequential(Linear(3, 3), BatchNorm1d(3), Sequential(Dropout(0.5), BatchNorm1d(3)))
    model.layers[1].evaluate()
    model.layers[2].evaluate()
    (model.layers[2] as? Sequential)?.layers[0].train()
    let modes = model.namedModules().map(\.module.isTraining)
    #expect(modes == [true, true, false, false, true, false])
    _ = try Evaluation(of: model, on: Self.samples, communicator: LocalCommunicator())
    #expect(model.namedModules().map(\.module.isTraining) == modes)
    #expect(throws: Unmeasured.self) {
      _ = try Evaluation.sums(of: model, on: Self.samples, communicator: LocalCommunicator()) { _ in
        #expect(model.namedModules().allSatisfy { !$0.module.isTraining })
        throw Unmeasured()
      }
    }
    #expect(model.namedModules().map(\.module.isTraining) == modes)
  }

  @Test func `no gradients are left`() throws {
    let model = Sequential(Linear(3, 3))
    _ = try Evaluation(of: model, on: Self.samples, communicator: LocalCommunicator())
    #expect(model.parameters.allSatisfy { $0.grad == nil })
  }
}
