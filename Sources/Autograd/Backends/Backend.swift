/// The primitive computations that operators are made of.
///
/// All tensors are contiguous and in the backend's memory; `result` has the right shape and type and is overwritten,
/// unless an `adding` argument says otherwise. Operators check shapes and devices, and backends rely on that.
protocol Backend: Sendable {
  /// Copies elements of the tensor's type from the processor's memory, which may be reused on return.
  func upload(_ source: UnsafeRawPointer, to result: Tensor)
  /// Copies elements to the processor's memory, where they are on return.
  func download(_ x: Tensor, to destination: UnsafeMutableRawPointer)
  /// Returns once everything asked for so far has been computed.
  func finish()

  /// Sets every element to `value`, converted to the element type.
  func fill(_ result: Tensor, with value: Double)
  /// Copies elements, converting between element types.
  func convert(_ x: Tensor, into result: Tensor)
  /// Gathers `result` from `x`, whose element (i, j, …) is at `offset + i · strides[0] + j · strides[1] + …`.
  func copy(_ x: Tensor, offset: Int, strides: [Int], into result: Tensor)
  /// Writes `x` to the elements of `result` at `offset + i · strides[0] + …`, and leaves the others as they are.
  func place(_ x: Tensor, into result: Tensor, offset: Int, strides: [Int])
  /// Elements of `a` where `condition` is true, of `b` where not; all three are broadcast to the shape of `result`.
  /// `a` or `b` may be one element in the processor's memory.
  func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into result: Tensor)
  /// Elements of `x` at `indices`, which have been checked.
  func gather(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor)
  /// Bytes of `x` at shared indices, as numbers: 255ths if `result` is of float32, else whole ones in int64.
  func gatherBytes(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor)
  /// Adds `values` to the elements of `result` at `indices`: the transpose of ``gather(_:at:_:into:)``.
  func scatterAdd(_ values: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor)

  func unary(_ operation: UnaryOperation, _ x: Tensor, into result: Tensor)
  /// The smaller of `high` and the larger of an element and `low`; NaNs stay.
  func clamp(_ x: Tensor, from low: Double, to high: Double, into result: Tensor)
  /// Combines `a` and `b`, broadcast to the shape of `result`, which may be `a` or `b` itself. One of them may be one
  /// element in the processor's memory.
  func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, into result: Tensor)
  /// Draws for a dropout of `x`, and of gradients of its result; `nil` where the processor draws a factor for each element.
  func dropoutMask(for x: Tensor, probability: Double, generator: RandomGenerator?) -> (any DropoutMask)?
  /// The gradient of an activation, of (gradient, result or argument), and with it the sums of its columns, which for a
  /// linear layer before the activation are the gradient of the bias: [columns], or that added to `sums`.
  func activationGradient(
    _ operation: BinaryOperation, _ gradient: Tensor, _ kept: Tensor, into result: Tensor, sums: Tensor, adding: Bool)
  /// Sums over the middle dimension of `x`, seen as [outer, reduced, inner].
  func sum(_ x: Tensor, extents: ReductionExtents, into result: Tensor)
  /// The sum of the squares of all elements, in double precision, as one float64 element.
  func sumOfSquares(_ x: Tensor, into result: Tensor)
  /// The largest values over the middle dimension, and the int64 places where they first occur.
  func maximum(_ x: Tensor, extents: ReductionExtents, into result: Tensor, places: Tensor)
  /// The running sums along the middle dimension, from its end if `reversed`.
  func cumulativeSum(_ x: Tensor, extents: ReductionExtents, reversed: Bool, into result: Tensor)
  /// The running products along the middle dimension; false where operators must compute them, and nothing was done.
  func cumulativeProduct(_ x: Tensor, extents: ReductionExtents, into result: Tensor) -> Bool
  /// The gradient of that; false as above.
  func cumulativeProductGradient(
    _ gradient: Tensor, of x: Tensor, products: Tensor, extents: ReductionExtents, into result: Tensor
  ) -> Bool
  /// The int64 places that bring the middle dimension into order; equal elements keep theirs, NaN counts as largest.
  func sortingPlaces(_ x: Tensor, extents: ReductionExtents, descending: Bool, into places: Tensor)
  /// The int64 places of the largest elements along the middle dimension, as many as `places` has there and at least one,
  /// in the order of ``sortingPlaces(_:extents:descending:into:)``; false where that is all there is, and nothing was done.
  func largestPlaces(_ x: Tensor, extents: ReductionExtents, count: Int, into places: Tensor) -> Bool

  /// The Euclidean distances of vectors, [..., n, d], from others, [..., m, d], into [..., n, m]; false where operators must
  /// compute them, and nothing was done.
  func distances(_ x: Tensor, _ y: Tensor, into result: Tensor) -> Bool

  /// `result` = op(a) · op(b), or that added to `result`, for every matrix of the batch.
  func matrixProduct(_ product: MatrixProduct, _ a: Tensor, _ b: Tensor, into result: Tensor, adding: Bool)
  /// A factor of a layer's product as that takes it, and another that it is a factor of: itself, or a copy.
  func factor(_ x: Tensor, of product: MatrixProduct) -> Tensor
  /// A single product plus a bias for each column, or a function of every element of that, in fewer passes than one for
  /// each of them; false where that cannot be had, and nothing was done.
  func activatedProduct(
    _ product: MatrixProduct, _ a: Tensor, _ b: Tensor, bias: Tensor, _ activation: LinearActivation?,
    into result: Tensor
  ) -> Bool

  /// Probabilities along a dimension, eˣ / Σ eˣ, or the logarithms of them; false where the dimension has to be the last,
  /// and nothing was done.
  func softmax(_ x: Tensor, extents: ReductionExtents, isLogarithm: Bool, into result: Tensor) -> Bool
  /// The gradient of that, from its result.
  func softmaxGradient(
    _ gradient: Tensor, of y: Tensor, extents: ReductionExtents, isLogarithm: Bool, into result: Tensor
  ) -> Bool

  /// One place of an ``LSTM``: the gates i, f, g, o, [N, 4 · hidden], become what their functions make of them, and the
  /// cell before gives the output and the next cell, [N, hidden].
  func lstmCell(_ gates: Tensor, cell: Tensor, output: Tensor, next: Tensor)
  /// The gradient of the gates, and that of the cell before, which is added to `ofCell`, from those of output and next cell.
  func lstmCellGradient(
    _ ofOutput: Tensor, _ ofNext: Tensor, gates: Tensor, cell: Tensor, next: Tensor, ofGates: Tensor,
    addingTo ofCell: Tensor
  )

  /// The losses of logits x, [N, C, …], 0 for an ignored target, and what they are normalized by: [N, …, 2], the largest
  /// logit and log Σ exp(x − largest), kept apart because their sum would round the smaller. False where logits have to be
  /// rows, and nothing was done.
  func crossEntropy(
    _ logits: Tensor, _ targets: Tensor, _ options: CrossEntropyOptions, losses: Tensor, normalizers: Tensor
  ) -> Bool
  /// The gradient with respect to the logits; `gradient` is that of each loss, or of all of them if a scalar.
  func crossEntropyGradient(
    _ gradient: Tensor, _ logits: Tensor, _ targets: Tensor, normalizers: Tensor, _ options: CrossEntropyOptions,
    into result: Tensor)

  /// Cross-correlation of `x` [N, C, H, W] with `weight` [O, C / groups, h, w], plus `bias` [O].
  func convolution(_ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into result: Tensor)
  /// The weight as that takes it, and the gradient of its input: itself, or a copy.
  func filters(_ weight: Tensor, of geometry: ConvolutionGeometry) -> Tensor
  func convolutionInputGradient(
    _ gradient: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor, adding: Bool)
  func convolutionWeightGradient(
    _ x: Tensor, _ gradient: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor, adding: Bool)
  /// The 2 × 2 maxima of the ReLU of a convolution, all in one; `nil` where that is not faster, or cannot be done.
  func pooledConvolution(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry
  ) -> (result: Tensor, backward: any PooledConvolution)?

  /// Attention in one, where this backend has it.
  var attentionBackend: (any AttentionBackend)? { get }

  func maximumPool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor)
  /// Zeros, with `gradient` added at the places of `x` that the maxima `y` came from.
  func maximumPoolScatter(_ gradient: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor)
  /// The elements of `values` at the places of `x` that the maxima `y` came from.
  func maximumPoolGather(_ values: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor)
  /// Samples, [N, C, rows, columns], of images, [N, C, H, W], at the places of a grid, [N, rows, columns, 2]; false where
  /// operators must compute them, and nothing was done.
  func sample(_ x: Tensor, at grid: Tensor, _ sampling: GridSampling, into result: Tensor) -> Bool
  /// The gradients of that, of which either may be left out.
  func sampleGradient(
    _ gradient: Tensor, of x: Tensor, at grid: Tensor, _ sampling: GridSampling, ofImages: Tensor?, ofGrid: Tensor?)
  /// The mean of every window, zeros of the padding included.
  func averagePool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor)
  /// Every element of `y` divided among the elements of its window: the transpose of ``averagePool(_:_:into:)``.
  func averagePoolSpread(_ y: Tensor, _ window: SlidingWindow, into result: Tensor)

  /// Mean and variance (divided by the count) over the first and last dimension of `x`, seen as [outer, groups, inner],
  /// which `statistics` then follow.
  func moments(
    _ x: Tensor, _ extents: GroupExtents, mean: Tensor, variance: Tensor, followedBy statistics: RunningStatistics?)
  /// Counts a batch, and moves the running moments towards its own; see ``BatchNorm``.
  func follow(_ statistics: RunningStatistics, mean: Tensor, variance: Tensor)
  /// (x − mean) / √(variance + ε) · weight + bias, all of them given for each group; and what `rectification` says.
  func batchNormalize(
    _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?, bias: Tensor?,
    _ rectification: Rectification?, into result: Tensor)
  /// The gradients of that when the moments are those of `x`.
  func batchNormalizeGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?,
    _ rectified: RectifiedNormalization?, into results: NormalizationGradients)
  /// The same for rows by moments of their own, which are written, too; weight and bias are given for each channel.
  func normalizeRows(
    _ x: Tensor, _ extents: RowExtents, weight: Tensor?, bias: Tensor?, moments: Moments, into result: Tensor)
  /// The gradients of that; with `others`, which may be where it goes, added to that of `x`.
  func normalizeRowsGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: RowExtents, _ moments: Moments, weight: Tensor?,
    addedTo others: Tensor?, into results: NormalizationGradients)

  /// One step of stochastic gradient descent over flat arrays; see ``SGD``.
  func sgdStep(_ step: SGDStep, gradient: Tensor, weight: Tensor, velocity: Tensor?)
  /// One step of ``Adam`` or ``AdamW`` over flat arrays.
  func adamStep(_ step: AdamStep, gradient: Tensor, weight: Tensor, mean: Tensor, square: Tensor)
  /// One step of ``RMSprop`` over flat arrays.
  func rmspropStep(_ step: RMSpropStep, gradient: Tensor, weight: Tensor, square: Tensor, velocity: Tensor?)
  /// One step of ``Adagrad`` over flat arrays.
  func adagradStep(_ step: AdagradStep, gradient: Tensor, weight: Tensor, sum: Tensor)
}

/// What elements are normalized by: a mean and a variance for each group, and what is added to the variance.
struct Moments {
  let mean: Tensor
  let variance: Tensor
  let epsilon: Double
}

/// The buffers of a ``BatchNorm``, and how they follow a batch.
struct RunningStatistics {
  let mean: Tensor
  let variance: Tensor
  let batchCount: Tensor
  /// What the batch's variance is multiplied by.
  let unbiased: Double
  /// The weight of the batch; `nil` gives it the same as every one before.
  let momentum: Double?
}

/// Where the gradients of a normalization go.
struct NormalizationGradients {
  let input: Tensor
  let weight: Tensor
  let bias: Tensor
}

/// What a cross entropy takes besides logits and targets.
struct CrossEntropyOptions {
  var smoothing: Double = 0
  var ignoredTarget: Int = -100
}
