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

  @Test func `the model goes back to its mode`() throws {
    let model = Sequential(Linear(3, 3))
    for isTraining in [true, false] {
      model.train(isTraining)
      _ = try Evaluation(of: model, on: Self.samples, communicator: LocalCommunicator())
      #expect(model.isTraining == isTraining)
      #expect(model.layers[0].isTraining == isTraining)
    }
  }

  @Test func `no gradients are left`() throws {
    let model = Sequential(Linear(3, 3))
    _ = try Evaluation(of: model, on: Self.samples, communicator: LocalCommunicator())
    #expect(model.parameters.allSatisfy { $0.grad == nil })
  }
}
