import CKernels

/// A convolution of small images in which every channel has a filter of its own: sums over padded copies of its images,
/// with vectors along the channels.
///
/// Rows of few places leave the vectors of ``PlaneConvolution`` half empty, and strides have it take elements one by one.
struct DepthwiseConvolution {
  private let geometry: ConvolutionGeometry
  private let dtype: DataType
  private let kernels: dt_convolution_kernels
  /// Channels that fill one vector, or the last ones.
  private let blocks: [Range<Int>]

  private static let largestImageBytes = 400_000

  /// - Returns: `nil` for other convolutions, or where planes are as fast.
  init?(_ geometry: ConvolutionGeometry, _ dtype: DataType) {
    guard !Kernels.areGeneric, geometry.groupChannels == 1, geometry.groupFilters == 1, geometry.kernelArea > 1,
      Correlation.fillsVectors(geometry.groups, dtype)
    else { return nil }
    let kernels = Correlation.kernels(for: dtype), groups = geometry.groups
    let padded = LaneSum(geometry.correlation(dtype)).imageCount
    let places = max(geometry.inputPlane, geometry.outputPlane, padded)
    guard places * kernels.lanes * dtype.byteCount <= Self.largestImageBytes else { return nil }
    self.geometry = geometry
    self.dtype = dtype
    self.kernels = kernels
    blocks = stride(from: 0, to: groups, by: kernels.lanes).map { $0..<min($0 + kernels.lanes, groups) }
  }

  func convolve(_ x: Tensor, _ weight: Tensor, bias: Tensor?, into result: Tensor) {
    let sum = LaneSum(geometry.correlation(dtype))
    let (weights, biases) = (inLanes(weight), inLanes(bias))
    let scratch = (0..<geometry.threads).map { _ in (image: zeros(sum.imageCount), sums: zeros(geometry.outputPlane)) }
    forEachImage { [self] n, block, thread in
      let (channels, image, sums) = (blocks[block], scratch[thread].image, scratch[thread].sums)
      sum.pad(x.address(of: geometry.inputOffset(n, channels.lowerBound)), channels.count, into: image)
      sum.correlate(
        image, weights.address(of: block * geometry.kernelArea * kernels.lanes),
        biases.address(of: block * kernels.lanes), into: sums.address, width: geometry.outputSize.width, step: (1, 1))
      store(
        sums, channels.count, plane: geometry.outputPlane,
        into: result.address(of: geometry.outputOffset(n, channels.lowerBound)))
    }
  }

  func inputGradient(_ gradient: Tensor, _ weight: Tensor, into result: Tensor) {
    let all = ConvolutionPhase.all(of: geometry, dtype)
    guard let first = all.first else { return result.backend.fill(result, with: 0) }
    // One copy of a gradient, padded for all phases.
    let padding = LanePadding(all.map(\.correlation)), padded = LaneSum(first.correlation, in: padding)
    let phases = all.map { phase in
      (
        sum: LaneSum(phase.correlation, in: padding), start: phase.start,
        weights: inLanes(weight, only: phase.elements)
      )
    }
    let (width, noBias) = (geometry.input[3], inLanes(nil))
    // Where no phase puts sums there are zeros.
    let scratch = (0..<geometry.threads).map { _ in
      (image: zeros(padded.imageCount), sums: zeros(geometry.inputPlane))
    }
    forEachImage { [self] n, block, thread in
      let (channels, image, sums) = (blocks[block], scratch[thread].image, scratch[thread].sums)
      padded.pad(gradient.address(of: geometry.outputOffset(n, channels.lowerBound)), channels.count, into: image)
      for phase in phases {
        phase.sum.correlate(
          image, phase.weights.address(of: block * phase.sum.tapCount * kernels.lanes), noBias.address,
          into: sums.address(of: (phase.start.row * width + phase.start.column) * kernels.lanes), width: width,
          step: geometry.window.stride)
      }
      store(
        sums, channels.count, plane: geometry.inputPlane,
        into: result.address(of: geometry.inputOffset(n, channels.lowerBound)))
    }
  }

  func weightGradient(_ x: Tensor, _ gradient: Tensor, into result: Tensor, adding: Bool) {
    let sum = LaneSum(geometry.correlation(dtype))
    let blockSums = geometry.kernelArea * kernels.lanes, sumCount = blocks.count * blockSums
    let pieces = BatchSums.pieces(
      of: geometry.input[0], places: geometry.outputPlane, byteCount: sumCount * dtype.byteCount)
    let sums = BatchSums(pieces: pieces.count, count: sumCount, dtype)
    let threads = geometry.threads
    let scratch = (0..<threads).map { _ in (image: zeros(sum.imageCount), slopes: zeros(geometry.outputPlane)) }
    LoopThreads.shared.share(pieces.count * blocks.count, over: threads) { [self] i, thread in
      let (piece, block) = i.quotientAndRemainder(dividingBy: blocks.count)
      let (channels, image, slopes) = (blocks[block], scratch[thread].image, scratch[thread].slopes)
      for n in pieces[piece] {
        sum.pad(x.address(of: geometry.inputOffset(n, channels.lowerBound)), channels.count, into: image)
        sum.place(gradient.address(of: geometry.outputOffset(n, channels.lowerBound)), channels.count, into: slopes)
        sum.addGradient(image, slopes, to: sums[piece].address(of: block * blockSums))
      }
    }
    let rows = Tensor(
      uninitialized: [blocks.count, kernels.lanes, geometry.kernelArea], dtype: dtype, device: .cpu)
    rows.backend.copy(sums.total(), offset: 0, strides: [blockSums, 1, kernels.lanes], into: rows)
    result.part(shape: [result.count]).gather(rows, strides: [1], adding: adding)
  }

  // MARK: - Lanes

  /// Calls `body` for every image and block of channels, on the threads that share them.
  private func forEachImage(_ body: @escaping (_ n: Int, _ block: Int, _ thread: Int) -> Void) {
    LoopThreads.shared.share(geometry.input[0] * blocks.count, over: geometry.threads) { i, thread in
      let (n, block) = i.quotientAndRemainder(dividingBy: blocks.count)
      body(n, block, thread)
    }
  }

  /// Memory for one vector for each of so many places.
  private func zeros(_ places: Int) -> Tensor { .zeros([places * kernels.lanes], dtype: dtype) }

  /// The weights, [block, element, lane], of the elements of the kernel that are asked for.
  private func inLanes(_ weight: Tensor, only elements: [Int]? = nil) -> Tensor {
    let (area, lanes) = (geometry.kernelArea, kernels.lanes)
    let all = zeros(blocks.count * area)
    for (number, channels) in blocks.enumerated() {
      let rows = channels.map { $0 * area }
      kernels.channels_last(
        channels.count, rows, area, weight.address, lanes, all.address(of: number * area * lanes))
    }
    guard let elements else { return all }
    let chosen = zeros(blocks.count * elements.count)
    for (place, element) in blocks.indices.flatMap({ block in elements.map { block * area + $0 } }).enumerated() {
      chosen.address(of: place * lanes).copyMemory(
        from: all.address(of: element * lanes), byteCount: lanes * dtype.byteCount)
    }
    return chosen
  }

  /// The biases, [block, lane]; zeros without a tensor.
  private func inLanes(_ bias: Tensor?) -> Tensor {
    let lanes = zeros(blocks.count)
    if let bias { lanes.address.copyMemory(from: bias.address, byteCount: bias.byteCount) }
    return lanes
  }

  /// Stores what has the channels last as planes.
  private func store(_ sums: Tensor, _ channels: Int, plane: Int, into image: UnsafeMutableRawPointer) {
    var places = dt_places(
      planes: channels, rows: 1, columns: plane, filters: kernels.lanes, from_row_step: plane * kernels.lanes,
      plane: plane, row_step: plane, column_step: 1)
    kernels.channels_first(&places, sums.address, image)
  }
}

/// A ``Correlation`` of as many channels as a vector has elements, each with one filter.
private struct LaneSum {
  private let correlation: Correlation
  private let taps: [Int]

  private let padding: LanePadding

  /// - Parameter padding: Of an image that others sum over, too; its own if left out.
  init(_ correlation: Correlation, in padding: LanePadding? = nil) {
    self.correlation = correlation
    let padding = padding ?? LanePadding([correlation])
    self.padding = padding
    let (rows, columns, lanes) = (correlation.rows, correlation.columns, correlation.kernels.lanes)
    let (down, right) = (padding.top - rows.before, padding.left - columns.before)
    taps = rows.taps.flatMap { row in
      columns.taps.map { ((down + row) * padding.width + right + $0) * lanes }
    }
  }

  var tapCount: Int { taps.count }

  /// Places of a padded image.
  var imageCount: Int { padding.height * padding.width }

  /// Copies the planes of so many channels into zeros.
  func pad(_ planes: UnsafeRawPointer, _ channels: Int, into image: Tensor) {
    var shape = dt_padding(
      channels: channels, height: correlation.size.height, width: correlation.size.width,
      top: padding.top, left: padding.left, padded_height: padding.height, padded_width: padding.width,
      column_stride: 1)
    correlation.kernels.pad_lanes(&shape, planes, image.address)
  }

  /// Copies planes of results, or of gradients of these.
  func place(_ planes: UnsafeRawPointer, _ channels: Int, into places: Tensor) {
    let (height, width) = (correlation.rows.places, correlation.columns.places)
    var shape = dt_padding(
      channels: channels, height: height, width: width, top: 0, left: 0, padded_height: height, padded_width: width,
      column_stride: 1)
    correlation.kernels.pad_lanes(&shape, planes, places.address)
  }

  /// The sums, at every `step`-th row and column of an image of the given width.
  func correlate(
    _ image: Tensor, _ weights: UnsafeRawPointer, _ bias: UnsafeRawPointer, into out: UnsafeMutableRawPointer,
    width: Int, step: (Int, Int)
  ) {
    var shape = shape(step: (step.0 * width, step.1))
    correlation.kernels.correlate_lanes(&shape, taps, image.address, weights, bias, out)
  }

  /// Adds the gradients of the weights, [tap, lane].
  func addGradient(_ image: Tensor, _ slopes: Tensor, to out: UnsafeMutableRawPointer) {
    var shape = shape(step: (correlation.columns.places, 1))
    correlation.kernels.correlate_lanes_gradient(&shape, taps, image.address, slopes.address, out)
  }

  private func shape(step: (row: Int, column: Int)) -> dt_lanes {
    let (rows, columns, lanes) = (correlation.rows, correlation.columns, correlation.kernels.lanes)
    return dt_lanes(
      taps: taps.count, rows: rows.places, columns: columns.places,
      row_step: rows.stride * padding.width * lanes, column_step: columns.stride * lanes,
      out_row_step: step.row * lanes, out_column_step: step.column * lanes)
  }
}

/// Where an image lies among zeros, so that all elements that some sums take are there.
private struct LanePadding {
  /// Rows and columns before the image; negative where some of its own are left out.
  let top: Int
  let left: Int
  let height: Int
  let width: Int

  init(_ sums: [Correlation]) {
    func around(_ axes: [Correlation.Axis]) -> (before: Int, size: Int) {
      let before = axes.map(\.before).max()!
      return (before, axes.map { before - $0.before + $0.extent(of: $0.places) }.max()!)
    }
    (top, height) = around(sums.map(\.rows))
    (left, width) = around(sums.map(\.columns))
  }
}
