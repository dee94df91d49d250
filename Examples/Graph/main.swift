// The recorded graph: gradient functions, gradients of vectors, Jacobians, and derivatives by hand for comparison.
//
//     swift run -c release example-graph

import Autograd

// A leaf has no gradient function; everything computed from it names the operation that it came from.
let x = Tensor.ones([2, 2], requiresGrad: true)
print(x)
print(x.gradientFunction.map { "\($0)" } ?? "no gradient function")
let y = x + 2
print(y)
print(y.gradientFunction!)
let z = y * y * 3
let out = z.mean()
print(z)
print(out)

// `out` is a scalar, so backward() starts with the gradient 1: out = mean(3(x + 2)²), of which the slope is 4.5.
try out.backward()
print(x.grad!)

// Anything else needs the gradient to start with: the result is that vector times the Jacobian.
func products(_ v: Tensor) -> Tensor { .stacked([v[0] * v[1], v[1] * v[2], v.sum() ** 2]) }

let v = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
do { try products(v).backward() } catch { print(error) }
try products(v).backward(gradient: Tensor([1.0, 0.1, 0.01]))
print(v.grad!)
print(try jacobian(of: products, at: v))

// A linear regression: the gradients of the mean squared error derived by hand, and by backward().
let inputs = Tensor([[1.0], [2.0], [3.0]])
let targets = Tensor([[2.0], [4.0], [6.0]])
let w = Tensor(0.5, requiresGrad: true)
let b = Tensor(0.1, requiresGrad: true)
try ((targets - (w * inputs + b)) ** 2).mean().backward()
let (dw, db) = noGrad {
  let error = targets - (w * inputs + b)
  return (-2 * (error * inputs).mean(), -2 * error.mean())
}
print("by hand: \(dw), \(db); by backward(): \(w.grad!), \(b.grad!)")

// The same as a module, trained.
manualSeed(0)
let model = Linear(1, 1)
let optimizer = SGD(model.parameters, learningRate: 0.01)
for _ in 0..<1000 {
  let loss = meanSquaredError(model(inputs), targets)
  optimizer.zeroGrad()
  try loss.backward()
  optimizer.step()
}
print(model(Tensor([[4.0]])))
