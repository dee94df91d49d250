// A model of your own on data of your own, trained data-parallel.
//
//     swift run -c release example-own-model                  # one process
//     launch/mpi 4 .build/release/example-own-model           # four, with the same result

import Autograd
import DistTrain
import Foundation

/// Points on three arms of a spiral; the arm is the class.
struct Spiral: Dataset {
  let count = 600

  func batch(_ indices: [Int]) -> Batch {
    let points = indices.map { index -> [Double] in
      let radius = Double(index) / Double(count)
      let angle = 5 * radius + 2 * .pi / 3 * Double(index % 3)
      return [radius * cos(angle), radius * sin(angle)]
    }
    return Batch(inputs: Tensor(points), targets: Tensor(indices.map { $0 % 3 }))
  }
}

final class Perceptron: Module, Layer {
  let hidden = Linear(2, 64)
  let output = Linear(64, 3)

  func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
}

runAsRank { communicator in
  manualSeed(1)
  let options = SGD.Options(learningRate: 0.5, momentum: 0.9)
  let model = Perceptron()
  let replica = try Replica(model, options, communicator: communicator)
  var loader = ShardLoader(Spiral(), globalBatch: 100, communicator: communicator, seed: 1)
  for epoch in 0..<50 {
    for step in 0..<loader.shards.stepsPerEpoch {
      _ = try replica.step(loader.batch(epoch: epoch, step: step))
    }
  }
  let evaluation = try Evaluation(of: model, on: Spiral(), communicator: communicator)
  if communicator.rank == 0 {
    print(String(format: "loss %.4f, accuracy %.1f %%", evaluation.loss, 100 * evaluation.accuracy))
  }
}
