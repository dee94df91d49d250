extension Tensor {
  /// Channels as pixels of larger images, as `torch.nn.functional.pixel_shuffle` (W. Shi et al., arXiv:1609.05158).
  ///
  /// - Parameter factor: How many times as many rows and columns there are, r.
  /// - Returns: [..., C, r · H, r · W] for this tensor's [..., C · r², H, W].
  public func pixelShuffled(_ factor: Int) -> Tensor {
    precondition(
      rank >= 3 && factor > 0 && shape[rank - 3] % (factor * factor) == 0,
      "pixelShuffled by \(factor) of shape \(shape): needs shape [..., C · \(factor)², H, W]")
    let (images, height, width) = (Array(shape.dropLast(3)), shape[rank - 2], shape[rank - 1])
    let channels = shape[rank - 3] / (factor * factor)
    return reshaped([images.reduce(1, *), channels, factor, factor, height, width]).permuted([0, 1, 4, 2, 5, 3])
      .reshaped(images + [channels, factor * height, factor * width])
  }

  /// Pixels as channels of smaller images, as `torch.nn.functional.pixel_unshuffle`: the opposite of ``pixelShuffled(_:)``.
  ///
  /// - Parameter factor: Of how many rows and of how many columns one is made, r.
  /// - Returns: [..., C · r², H, W] for this tensor's [..., C, r · H, r · W].
  public func pixelUnshuffled(_ factor: Int) -> Tensor {
    precondition(
      rank >= 3 && factor > 0 && shape[rank - 2] % factor == 0 && shape[rank - 1] % factor == 0,
      "pixelUnshuffled by \(factor) of shape \(shape): needs shape [..., C, \(factor) · H, \(factor) · W]")
    let (images, channels) = (Array(shape.dropLast(3)), shape[rank - 3])
    let (height, width) = (shape[rank - 2] / factor, shape[rank - 1] / factor)
    return reshaped([images.reduce(1, *), channels, height, factor, width, factor]).permuted([0, 1, 3, 5, 2, 4])
      .reshaped(images + [channels * factor * factor, height, width])
  }

  /// The channels of all groups in turn, as `torch.nn.functional.channel_shuffle` (X. Zhang et al., arXiv:1707.01083): the
  /// first of each, the second of each, and so on.
  ///
  /// - Parameter groups: The number of parts into which channels are divided.
  /// - Returns: A tensor of this one's shape [N, C, …].
  public func channelsShuffled(_ groups: Int) -> Tensor {
    precondition(
      rank >= 2 && groups > 0 && shape[1] % groups == 0,
      "channelsShuffled of shape \(shape) in \(groups) group(s): needs shape [N, C, …] with channels for each")
    return reshaped([shape[0], groups, shape[1] / groups, shape[2...].reduce(1, *)]).transposed(1, 2).reshaped(shape)
  }
}
