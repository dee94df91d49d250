// One weight learns y = 2x, one sample at a time; a picture shows the loss falling as the weight nears 2.
//
//     swift run -c release example-loss-against-weight [folder for the picture]

import Autograd
import DistTrain
import Foundation

let samples = [(x: 1.0, y: 2.0), (x: 2.0, y: 4.0), (x: 3.0, y: 6.0)]
let learningRate = 0.01
let w = Tensor([1.0], requiresGrad: true)

var weights: [Double] = []
var losses: [Double] = []
for _ in 0..<100 {
  for (x, y) in samples {
    let loss = (x * w - y) ** 2
    // item() is the bare number: adding up the tensors instead would keep the graph of every step in memory.
    weights.append(w.item())
    losses.append(loss.item())
    try loss.backward()
    try noGrad { try w -= learningRate * w.grad! }
    try w.grad!.fill(0)
  }
}
print(weights)
print(losses)
print("sum of all losses: \(losses.reduce(0, +)), weight: \(w.item())")

// The line follows the training; the dots show which sample each step learned from.
var plot = LinePlot(title: "One weight, trained sample by sample", xLabel: "weight w", leftLabel: "loss (x·w − y)²")
plot.includedX = [0.95, 2.05]
let steps = zip(weights, losses).map { LinePlot.Point($0, $1) }
plot.series = [.init(label: "300 steps", points: steps, color: "#999999", lineWidth: 1)]
for (index, sample) in samples.enumerated() {
  let own = stride(from: index, to: steps.count, by: samples.count).map { steps[$0] }
  plot.series.append(.init(label: "x = \(Int(sample.x))", points: own, lineWidth: 0, markerRadius: 4))
}

let folder = CommandLine.arguments.dropFirst().first ?? "examples-output"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
try plot.write(to: "\(folder)/loss-against-weight.svg")
print("picture: \(folder)/loss-against-weight.svg")
