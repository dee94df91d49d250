// From tensors to a module of one's own: products, gradients, optimizers, fixed and learned weights; a picture of what
// the neurons of a small network do while only one of its two weights learns.
//
//     swift run -c release example-neurons [folder for the picture]

import Autograd
import DistTrain
import Foundation

print(Tensor([2, 0]).matmul(Tensor([1, 2])))

// The gradient with respect to an exponent: d(xʷ)/dw = xʷ · ln x.
let x1 = Tensor([2.0])
let exponent = Tensor([3.0], requiresGrad: true)
try (x1 ** exponent).backward()
print(exponent.grad!)

// Three weights, one after the other.
let w1 = Tensor([3.0], requiresGrad: true)
let w2 = Tensor([4.0], requiresGrad: true)
let w3 = Tensor([5.0], requiresGrad: true)
let target = Tensor([1.0])
let x2 = w1 * x1
let x3 = (w2 * x2).relu()
let x4 = w3 * x3
try ((x4 - target) ** 2).backward()
for w in [w1, w2, w3] { print(w.grad!) }

// A tracked leaf is not to be changed behind the graph's back: an error says so, and noGrad is the way to do it.
do { try w1 -= 0.01 * w1.grad! } catch { print(error) }
try noGrad { try w1 -= 0.01 * w1.grad! }
print(w1)

// An optimizer does that for a list of tensors; gradients add up until it forgets them.
let optimizer = SGD([w2, w3], learningRate: 0.01)
optimizer.step()
optimizer.zeroGrad()
print(w2, w3, w2.grad == nil)

// The same network as a module, which finds its parameters by itself.
final class ThreeWeights: Module, Layer {
  let w1 = Parameter(Tensor([3.0]))
  let w2 = Parameter(Tensor([4.0]))
  let w3 = Parameter(Tensor([5.0]))

  func callAsFunction(_ x: Tensor) -> Tensor { w3 * (w2 * (w1 * x)).relu() }
}

let model = ThreeWeights()
print(model.namedParameters().map(\.name), model(x1))

// A weight that is a plain tensor, and no parameter, stays as it is.
final class OneFixedWeight: Module {
  let w1 = Tensor([1.0])
  let w2 = Parameter(Tensor([1.0]))

  func activations(_ x: Tensor) -> [Tensor] {
    let hidden = x * w1
    return [x, hidden, hidden * w2]
  }
}

let network = OneFixedWeight()
let descent = SGD(network.parameters, learningRate: 0.01)
let epochs = 20
var plot = LinePlot(
  title: "Only w2 learns: activations of the neurons (w1 = 1)", xLabel: "neuron", leftLabel: "activation")
plot.xNames = [.init(1, "input"), .init(2, "hidden"), .init(3, "output")]
plot.includedX = [0.8, 3.2]

for epoch in 1...epochs {
  let activations = network.activations(Tensor([1.0]))
  let loss = (activations[2] - Tensor([2.0])) ** 2
  try loss.backward()
  descent.step()
  descent.zeroGrad()
  print(
    String(
      format: "Epoch [%d/%d], Loss: %.4f, w1: %.4f (fixed), w2: %.4f", epoch, epochs, loss.item(), network.w1.item(),
      network.w2.item()))

  let points = zip([1.0, 2.0, 3.0], activations).map { LinePlot.Point($0, $1.item()) }
  if epoch == 1 || epoch.isMultiple(of: 5) {
    plot.series.append(.init(label: "epoch \(epoch)", points: points, markerRadius: 5))
  } else {
    plot.series.append(.init(label: epoch == 2 ? "the others" : nil, points: points, color: "#bbbbbb", lineWidth: 1))
  }
}

let folder = CommandLine.arguments.dropFirst().first ?? "examples-output"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
try plot.write(to: "\(folder)/neuron-activations.svg")
print("picture: \(folder)/neuron-activations.svg")
