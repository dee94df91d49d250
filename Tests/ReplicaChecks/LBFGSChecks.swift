import Autograd
import Collective
import DistTrain

extension ReplicaCheck {
  /// An optimizer that asks for the loss itself.
  static let lbfgs = [
    ReplicaCheck("L-BFGS with sums of all ranks makes the steps of one process") { communicator in
      func fitted(_ samples: Range<Int>, on device: Device, sum: (Tensor) throws -> Void) throws -> Module {
        let model = SmallProblem.perceptron().to(device)
        let optimizer = LBFGS(model.parameters, .init(maximumIterations: 5, lineSearch: .strongWolfe))
        let batch = SmallProblem.batch(samples)
        let (inputs, targets) = (batch.inputs.to(device), batch.targets.to(device))
        for _ in 0..<3 {
          try optimizer.step {
            optimizer.zeroGrad()
            let loss = crossEntropy(model(inputs), targets, reduction: .sum) / 24
            try loss.backward()
            let total = loss.detached().cloned()
            for tensor in [total] + model.parameters.compactMap(\.grad) { try sum(tensor) }
            return total
          }
        }
        return model.to(.cpu)
      }
      let part = 24 * communicator.rank / communicator.size..<24 * (communicator.rank + 1) / communicator.size
      let found = try fitted(part, on: SmallProblem.device(communicator)) { try communicator.allReduce($0) }
      try requireClose(found, try fitted(0..<24, on: .cpu) { _ in }, within: 1e-9)
    }
  ]
}
