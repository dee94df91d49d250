/// The shapes of a convolution.
struct ConvolutionGeometry {
  /// [N, C, H, W] of the input.
  let input: [Int]
  /// [O, C / groups, h, w].
  let weight: [Int]
  let window: SlidingWindow
  let groups: Int
  let outputSize: (height: Int, width: Int)

  /// [N, O, H′, W′] of the output.
  var output: [Int] { [input[0], weight[0], outputSize.height, outputSize.width] }

  /// Multiplications, as many as additions, of the convolution and of each of its gradients.
  var multiplications: Int { output.reduce(1, *) * weight[1...].reduce(1, *) }
}
