// Gradient descent in three steps: a derivative, a linear model improved by hand, a small network and its optimizer.
//
//     swift run -c release example-gradient-descent

import Autograd
import Foundation

// A tensor that requires gradients remembers what is computed from it; backward() fills its `grad`.
let x = Tensor(2.0, requiresGrad: true)
let y = x ** 2 + 3 * x + 1
try y.backward()
print(x.grad!)

// A linear model of three features, and the mean squared error of its predictions for two samples.
let features = Tensor([[3.0, 2.0, 1.0], [1.3, 2.4, 3.7]])
let target = Tensor([[5.0], [2.0]])
let w = Tensor([[1.0], [1.0], [1.0]], requiresGrad: true)
let b = Tensor([[0.0]], requiresGrad: true)
let prediction = features.matmul(w) + b
let loss = 0.5 * (prediction - target).pow(2).mean()
print(prediction.shape, target.shape, loss, loss.shape)

try loss.backward()
print("Gradient of loss w.r.t weight: \(w.grad!)")
print("Gradient of loss w.r.t bias: \(b.grad!.item())")

// One step against the gradient. Inside noGrad the step itself is not recorded.
let learningRate = 0.1
try noGrad {
  try w -= learningRate * w.grad!
  try b -= learningRate * b.grad!
}
try w.grad!.fill(0)
try b.grad!.fill(0)
print("Updated weight: \(w)")
print("Updated bias: \(b.item())")

// A network finds its parameters by itself, and an optimizer takes the steps.
final class SimpleNet: Module, Layer {
  let fc1 = Linear(4, 8)
  let fc2 = Linear(8, 1)

  func callAsFunction(_ x: Tensor) -> Tensor { fc2(fc1(x).relu()) }
}

manualSeed(42)
let inputs = Tensor.randn([10, 4])
let targets = Tensor.randn([10, 1])
let model = SimpleNet()
let optimizer = SGD(model.parameters, learningRate: 0.01)

model.evaluate()
let untrained = noGrad { model(inputs) }
print("Predictions before training:")
print(untrained)
print("Targets:")
print(targets)
print(untrained - targets)

model.train()
let epochs = 10
for epoch in 1...epochs {
  let loss = meanSquaredError(model(inputs), targets)
  optimizer.zeroGrad()
  try loss.backward()
  optimizer.step()
  if epoch.isMultiple(of: 2) { print(String(format: "Epoch [%d/%d], Loss: %.4f", epoch, epochs, loss.item())) }
}

model.evaluate()
print("Predictions after training:")
print(noGrad { model(inputs) })
