// A classifier of three classes: its gradients, momentum by hand and by an optimizer, batches from a data set.
//
//     swift run -c release example-classifier

import Autograd
import DistTrain

// gradients(of:withRespectTo:) gives derivatives without touching anybody's `grad`.
let x = Tensor(1.0, requiresGrad: true)
print(try gradients(of: x ** 2, withRespectTo: [x]))

let z = x ** 2
let label = Tensor(2.0, requiresGrad: true)
let sigma = z.sigmoid()
let logLoss = -(label * sigma.log() + (1 - label) * (1 - sigma).log())
print(try gradients(of: logLoss, withRespectTo: [label]))

// Layers draw their initial weights when they are made: assign them in the order in which PyTorch would.
final class Net: Module, Layer {
  let linear1: Linear
  let linear2: Linear
  let output: Linear

  init(inputs: Int, classes: Int) {
    linear1 = Linear(inputs, 13, bias: false)
    linear2 = Linear(13, 8, bias: false)
    output = Linear(8, classes)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(linear2(linear1(x).relu()).sigmoid()) }
}

// 500 samples of 20 random features, in three random classes.
manualSeed(420)
let inputs = Tensor.rand([500, 20]) * 100
let labels = Tensor.randint(0..<3, [500])
let classes = Set(labels.array(of: Int.self)).count

manualSeed(420)
var net = Net(inputs: inputs.shape[1], classes: classes)
let loss = crossEntropy(net(inputs), labels)
print(loss)
print(net.linear1.weight.grad.map { "\($0)" } ?? "no gradient before backward()")

// A graph can be gone through once, or again if it is retained. Gradients add up.
try loss.backward(retainGraph: true)
print(net.linear1.weight.grad!)
print(net.linear1.weight.grad!.shape)
try loss.backward()
print(net.linear1.weight.grad!)
do { try loss.backward() } catch { print("a third time: \(error)") }

// Gradient descent by hand, then with momentum. `detached()` shares the elements but is not tracked.
let w = net.linear1.weight.detached()
let dw = net.linear1.weight.grad!
try w -= 10 * dw
print(w)
var v = Tensor.zeros(dw.shape)
for _ in 0..<4 {
  v = 0.9 * v - 0.1 * dw
  try w += v
}
print(w)

// The same with a fresh network and an optimizer, on all samples at once.
manualSeed(420)
net = Net(inputs: inputs.shape[1], classes: classes)
let optimizer = SGD(net.parameters, learningRate: 0.1, momentum: 0.9)

let trainOneStep = { () throws -> Tensor in
  let loss = crossEntropy(net(inputs), labels)
  try loss.backward()
  optimizer.step()
  optimizer.zeroGrad()
  return loss
}

for _ in 1..<17 { _ = try trainOneStep() }
print(try trainOneStep())
print(net.linear1.weight.detached()[0][0..<10])

// Sixty epochs of ten steps. So many steps at this rate magnify the last bit: each machine sees another loss here.
for _ in 1..<600 { _ = try trainOneStep() }
print("after 617 steps: \(try trainOneStep())")

// A data set of any tensors with a row for each sample; a loader cuts it into batches.
manualSeed(420)
_ = Net(inputs: 20, classes: 3)
let a = Tensor.randn([500, 2, 3])
let b = Tensor.randn([500, 3, 4, 5])
let c = Tensor.randn([500, 1])
print(TensorDataset(a, b, c)[0])

let data = TensorDataset(b, c)
for batch in DataLoader(data) {
  print(batch.tensors)
  break
}

let loader = DataLoader(data, batchSize: 120, shuffle: true)
for batch in loader { print(batch.inputs.shape, batch.targets.shape) }
print("\(loader.count) batches of \(loader.batchSize), \(loader.dataset.count) samples")
print(data[0])
print(data[0][1])
