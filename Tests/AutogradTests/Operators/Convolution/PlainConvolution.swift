import Autograd

/// A convolution in plain loops over float64, with its gradients.
struct PlainConvolution: CustomStringConvertible {
  var images = 2
  var channels = 3
  var filters = 4
  var size = (7, 6)
  var kernel = (3, 3)
  var stride = (1, 1)
  var padding = (0, 0)
  var dilation = (1, 1)
  var groups = 1

  var description: String {
    "\(images) × \(channels) × \(size) → \(filters), kernel \(kernel), stride \(stride), padding \(padding), "
      + "dilation \(dilation), \(groups) groups"
  }

  var inputShape: [Int] { [images, channels, size.0, size.1] }
  var weightShape: [Int] { [filters, channels / groups, kernel.0, kernel.1] }
  var outputShape: [Int] {
    [
      images, filters, (size.0 + 2 * padding.0 - dilation.0 * (kernel.0 - 1) - 1) / stride.0 + 1,
      (size.1 + 2 * padding.1 - dilation.1 * (kernel.1 - 1) - 1) / stride.1 + 1,
    ]
  }

  func callAsFunction(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    x.conv2d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  func pooled(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    x.pooledConv2d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  /// The output, and the gradients of input, weight and bias when `gradient` is that of the output.
  func computed(_ x: [Double], _ weight: [Double], _ bias: [Double], _ gradient: [Double]) -> [[Double]] {
    let output = outputShape
    var result = [Double](repeating: 0, count: output.reduce(1, *))
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: weight.count)
    var db = [Double](repeating: 0, count: bias.count)
    let (channels, filters) = (channels / groups, filters / groups)
    for place in result.indices {
      let (column, row) = (place % output[3], place / output[3] % output[2])
      let filter = place / (output[3] * output[2]) % output[1]
      let n = place / (output[3] * output[2] * output[1])
      result[place] = bias[filter]
      db[filter] += gradient[place]
      for channel in 0..<channels {
        for i in 0..<kernel.0 {
          for j in 0..<kernel.1 {
            let y = row * stride.0 + i * dilation.0 - padding.0
            let z = column * stride.1 + j * dilation.1 - padding.1
            guard (0..<size.0).contains(y), (0..<size.1).contains(z) else { continue }
            let plane = n * self.channels + filter / filters * channels + channel
            let from = (plane * size.0 + y) * size.1 + z
            let tap = ((filter * channels + channel) * kernel.0 + i) * kernel.1 + j
            result[place] += x[from] * weight[tap]
            dx[from] += gradient[place] * weight[tap]
            dw[tap] += gradient[place] * x[from]
          }
        }
      }
    }
    return [result, dx, dw, db]
  }
}
