/// Sizes of one group of channels, and where it lies in the tensors.
extension ConvolutionGeometry {
  var groupChannels: Int { weight[1] }
  var groupFilters: Int { weight[0] / groups }
  var kernelArea: Int { weight[2] * weight[3] }
  /// The elements under the kernel in all channels of a group.
  var groupTaps: Int { groupChannels * kernelArea }
  /// Elements of one channel of the input, and of the output.
  var inputPlane: Int { input[2] * input[3] }
  var outputPlane: Int { outputSize.height * outputSize.width }

  func inputOffset(_ n: Int, _ group: Int) -> Int { (n * groups + group) * groupChannels * inputPlane }
  func outputOffset(_ n: Int, _ group: Int) -> Int { (n * groups + group) * groupFilters * outputPlane }
  func weightOffset(_ group: Int) -> Int { group * groupFilters * groupTaps }

  /// The threads that share the convolution, or one of its gradients.
  var threads: Int { LoopThreads.threads(for: multiplications) }

  /// The sums of the forward pass for one group.
  func correlation(_ dtype: DataType, rowMultiple: Int = 1) -> Correlation {
    Correlation(
      dtype, channels: groupChannels, filters: groupFilters, size: (input[2], input[3]),
      rows: Correlation.Axis(
        places: outputSize.height, stride: window.stride.0, before: window.padding.0,
        taps: (0..<weight[2]).map { $0 * window.dilation.0 }),
      columns: Correlation.Axis(
        places: outputSize.width, stride: window.stride.1, before: window.padding.1,
        taps: (0..<weight[3]).map { $0 * window.dilation.1 }),
      rowMultiple: rowMultiple)
  }

  /// The filters of one group as that takes them.
  func packedFilters(_ weight: Tensor, _ group: Int, for correlation: Correlation) -> Tensor {
    correlation.packedFilters(
      weight.address(of: weightOffset(group)), filterStep: groupTaps, channelStep: kernelArea,
      sources: Array(0..<kernelArea))
  }
}
