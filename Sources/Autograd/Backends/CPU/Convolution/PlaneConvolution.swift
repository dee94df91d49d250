import CKernels

/// A convolution whose groups have few filters, depthwise ones above all: sums over padded copies of its images, with
/// vectors along the places of a plane.
///
/// Where the stride is 1, a whole plane is one row: vectors go on over the padding between its rows, so that even narrow
/// images fill them.
struct PlaneConvolution {
  private let geometry: ConvolutionGeometry
  private let dtype: DataType

  /// - Parameter filters: Those of a group, or for the gradient of the input its channels.
  /// - Returns: `nil` where that would not be faster than columns.
  init?(_ geometry: ConvolutionGeometry, _ dtype: DataType, filters: Int) {
    guard !Kernels.areGeneric, geometry.kernelArea > 1, !Correlation.fillsVectors(filters, dtype) else {
      return nil
    }
    self.geometry = geometry
    self.dtype = dtype
  }

  func convolve(_ x: Tensor, _ weight: Tensor, bias: Tensor?, into result: Tensor) {
    let planes = Planes(geometry.correlation(dtype), groups: geometry.groups)
    let filters = geometry.groupFilters
    planes.share(images: geometry.input[0], over: geometry.threads) { n, groups, band, scratch in
      planes.pad(x.address(of: geometry.inputOffset(n, groups.lowerBound)), groups, band, into: scratch.padded)
      planes.correlate(
        groups, band, scratch.padded, weight.address(of: geometry.weightOffset(groups.lowerBound)),
        bias: bias?.address(of: groups.lowerBound * filters), into: scratch.results)
      let first = geometry.outputOffset(n, groups.lowerBound) + band.lowerBound * geometry.outputSize.width
      planes.store(
        scratch.results, groups, band, at: (1, 1), in: result.address(of: first), plane: geometry.outputPlane,
        width: geometry.outputSize.width)
    }
  }

  func inputGradient(_ gradient: Tensor, _ weight: Tensor, into result: Tensor) {
    let phases = ConvolutionPhase.all(of: geometry, dtype)
    if ConvolutionPhase.leaveOut(phases, of: geometry) { result.backend.fill(result, with: 0) }
    let stride = geometry.window.stride
    for phase in phases {
      let planes = Planes(phase.correlation, groups: geometry.groups)
      let weights = transposed(weight, phase.elements)
      let groupWeights = geometry.groupChannels * geometry.groupFilters * phase.elements.count
      planes.share(images: geometry.input[0], over: geometry.threads) { n, groups, band, scratch in
        planes.pad(
          gradient.address(of: geometry.outputOffset(n, groups.lowerBound)), groups, band, into: scratch.padded)
        planes.correlate(
          groups, band, scratch.padded, weights.address(of: groups.lowerBound * groupWeights), bias: nil,
          into: scratch.results)
        let row = phase.start.row + band.lowerBound * stride.0
        let first = geometry.inputOffset(n, groups.lowerBound) + row * geometry.input[3] + phase.start.column
        planes.store(
          scratch.results, groups, band, at: stride, in: result.address(of: first), plane: geometry.inputPlane,
          width: geometry.input[3])
      }
    }
  }

  /// Threads share the groups, whose sums go over the batch in order, or where there are few of them pieces of the batch.
  ///
  /// - Returns: False, and nothing was added, if sums are NaN: vectors reach beyond a row, with gradients of 0 there, and
  ///   an infinite pixel counts for weights that never meet it.
  func weightGradient(_ x: Tensor, _ gradient: Tensor, into result: Tensor, adding: Bool) -> Bool {
    let planes = Planes(geometry.correlation(dtype), groups: geometry.groups)
    let images = geometry.input[0]
    let lanes = planes.correlation.kernels.lanes
    let pieces =
      planes.blocks.count >= Self.fewestShared
      ? [0..<images]
      : BatchSums.pieces(of: images, places: geometry.outputPlane, byteCount: result.byteCount * lanes)
    let sums = BatchSums(pieces: pieces.count, count: result.count * lanes, dtype)
    let (bands, blocks, threads) = (planes.correlation.bands, planes.blocks, geometry.threads)
    let scratch = planes.scratch(threads: threads)
    LoopThreads.shared.share(pieces.count * blocks.count, over: threads) { [self] i, thread in
      let (piece, block) = i.quotientAndRemainder(dividingBy: blocks.count)
      let (groups, scratch) = (blocks[block], scratch[thread])
      let partSums = sums[piece].address(of: geometry.weightOffset(groups.lowerBound) * lanes)
      for n in pieces[piece] {
        let slopes = geometry.outputOffset(n, groups.lowerBound)
        for band in bands {
          planes.pad(x.address(of: geometry.inputOffset(n, groups.lowerBound)), groups, band, into: scratch.padded)
          planes.spread(
            gradient.address(of: slopes + band.lowerBound * geometry.outputSize.width), groups, band,
            of: geometry.outputSize, into: scratch.results)
          planes.correlateGradient(groups, band, scratch.padded, scratch.results, into: partSums)
        }
      }
    }
    let gradient = adding ? result.uninitializedLike() : result
    result.backend.sum(
      sums.total(), extents: ReductionExtents(outer: result.count, reduced: lanes, inner: 1), into: gradient)
    if gradient.sum().item().isNaN { return false }
    if adding { result.backend.binary(.add, result, gradient, into: result) }
    return true
  }

  private static let fewestShared = 8

  /// The weights [groups, channels, filters, elements] of the gradient of the input.
  private func transposed(_ weight: Tensor, _ elements: [Int]) -> Tensor {
    let (channels, filters, size) = (geometry.groupChannels, geometry.groupFilters, dtype.byteCount)
    let result = Tensor(uninitialized: [geometry.weight[0] * channels * elements.count], dtype: dtype, device: .cpu)
    var to = result.address
    for group in 0..<geometry.groups {
      for channel in 0..<channels {
        for filter in 0..<filters {
          let from = weight.address(
            of: geometry.weightOffset(group) + (filter * channels + channel) * geometry.kernelArea)
          for element in elements {
            to.copyMemory(from: from + element * size, byteCount: size)
            to += size
          }
        }
      }
    }
    return result
  }
}
