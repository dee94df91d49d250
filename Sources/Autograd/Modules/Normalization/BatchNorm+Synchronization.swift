extension BatchNorm {
  /// Normalizes this process's part of a batch, [N, channels, …], by mean and variance of the whole.
  ///
  /// Each process's moments are combined in double precision as in Chan, Golub, LeVeque, "Updating Formulae and a
  /// Pairwise Algorithm for Computing Sample Variances", 1979: no large squares are subtracted from each other.
  func normalize(
    _ x: Tensor, gatheringBy gatherRows: (_ row: Tensor) -> Tensor, followedBy rectification: Rectification?
  ) -> Tensor {
    let channels = x.shape[1]
    let (mean, variance) = x.count > 0 ? x.batchMoments() : x.zeroMoments()
    let ownCount = Tensor([x.count / channels], shape: [1]).cast(to: .float64).to(x.device)
    let all = gatherRows(
      Tensor.concatenated([mean.cast(to: .float64), variance.cast(to: .float64), ownCount]))
    let counts = all[0..., (2 * channels)...].detached()
    let count = counts.sum().item()
    precondition(count != 1, "\(type(of: self)): a single value a channel has no variance to normalize by")
    // A piece that is empty everywhere has a mean of 0.
    let shares = counts / max(count, 1)
    let (means, variances) = (all[0..., 0..<channels], all[0..., channels..<2 * channels])
    let wholeMean = (means * shares).sum([0])
    let distances = means - wholeMean
    let wholeVariance = ((variances + distances * distances) * shares).sum([0])
    let (usedMean, usedVariance) = (wholeMean.cast(to: x.dtype), wholeVariance.cast(to: x.dtype))
    // A step without samples on any rank changes nothing.
    if count > 0 {
      follow(mean: usedMean.detached(), variance: usedVariance.detached(), elementsPerChannel: Int(count))
    }
    return x.batchNorm(
      mean: usedMean, variance: usedVariance, weight: weight, bias: bias, epsilon: epsilon, followedBy: rectification)
  }
}

extension Tensor {
  /// Zeros in place of the moments that an empty part does not have, with the place of ``batchMoments()`` in the graph:
  /// the backward pass goes through the same operations on all processes.
  fileprivate func zeroMoments() -> (mean: Tensor, variance: Tensor) {
    let zeros = sum((0..<rank).filter { $0 != 1 })
    return (zeros, zeros)
  }
}
