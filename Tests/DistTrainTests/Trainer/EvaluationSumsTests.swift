import Autograd
import Collective
import DistTrain
import Testing

struct EvaluationSumsTests {
  @Test(arguments: 1...4)
  func `any numbers are added up over all samples`(_ ranks: Int) throws {
    manualSeed(1)
    let data = TensorDataset(Tensor.randn([11, 3], dtype: .float64), Tensor.randn([11, 2], dtype: .float64))
    let found = try ThreadCommunicator.run(size: ranks) { communicator in
      manualSeed(2)
      let model = Sequential(Linear(3, 2, dtype: .float64), Dropout(0.5))
      let sums = try Evaluation.sums(of: model, on: data, communicator: communicator, batch: 4) { output, targets in
        [
          meanSquaredError(output, targets, reduction: .sum).item(), l1Loss(output, targets, reduction: .sum).item(),
          Double(output.shape[0]),
        ]
      }
      let all = data.batch(Array(0..<11))
      let output = noGrad { model.evaluate()(all.inputs) }
      let expected = [
        meanSquaredError(output, all.targets, reduction: .sum).item(),
        l1Loss(output, all.targets, reduction: .sum).item(), 11,
      ]
      return (sums, expected)
    }
    for (sums, expected) in found { #expect(largestDifference(sums, expected) < 1e-12 && sums == found[0].0) }
  }

  @Test func `no samples have no sums, and the model goes on training`() throws {
    let model = Linear(3, 2)
    let sums = try Evaluation.sums(
      of: model, on: TensorDataset(Tensor.zeros([0, 3])), communicator: LocalCommunicator()
    ) { output, _ in [output.sum().item()] }
    #expect(sums.isEmpty && model.isTraining)
  }
}
