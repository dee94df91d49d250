import CCUDA

/// How cuDNN computes a convolution of certain shapes: its descriptors of the operands, and the algorithm that it
/// prefers for them of those that always give the same bits, or another where it then refuses that.
final class ConvolutionPlan: CustomStringConvertible, @unchecked Sendable {  // used by who has the library's handle
  /// What is computed from the other two of image, filters and output, or their gradients.
  enum Operation: Int, CaseIterable {
    case output, imageGradient, filterGradient
  }

  /// How images and filters lie in memory, by numbers of `cudnnTensorFormat_t`.
  enum Order: Int32 {
    case channelsFirst = 0
    case channelsLast = 1
  }

  let operation: Operation
  /// How operands and result are kept.
  let layout: Layout
  private let excludesTensorCores: Bool
  /// The operation and its shapes, for messages.
  let description: String

  private var image: dt_dnn_tensor?
  private var output: dt_dnn_tensor?
  private var filters: dt_dnn_filter?
  private var convolution: dt_dnn_convolution?
  /// The algorithm in use, with the memory that it works in, and those that may take its place.
  private var algorithm: Int32 = 0
  private var workspaceByteCount = 0
  private var others: ArraySlice<dt_dnn_algorithm> = []
  /// Whether there is an algorithm that the library has not refused.
  private(set) var isUsable = true
  /// Whether the library has not refused to add what the algorithm computes to what is there.
  private var canAdd = true
  /// Whether the library has taken an algorithm.
  private(set) var hasComputed = false

  /// An algorithm that would take more memory is passed over.
  private static let largestWorkspace = 1 << 30

  /// Nil where the library has no algorithm of the kind.
  init?(
    _ operation: Operation, _ g: ConvolutionGeometry, _ order: Order, _ precision: ProductPrecision, handle: dt_dnn
  ) {
    self.operation = operation
    layout = Layout(isChannelsLast: order == .channelsLast, isBFloat16: precision == .bfloat16)
    description = "\(operation) of a convolution of \(g.input) with \(g.weight) in \(g.groups) group(s)"
    excludesTensorCores = precision == .float32
    guard describe(g, order, precision) else { return nil }
    others = algorithms(handle)[...]
    guard useNextAlgorithm(handle) else { return nil }
  }

  deinit {
    if let image { _ = dt_cudnnDestroyTensorDescriptor(image) }
    if let output { _ = dt_cudnnDestroyTensorDescriptor(output) }
    if let filters { _ = dt_cudnnDestroyFilterDescriptor(filters) }
    if let convolution { _ = dt_cudnnDestroyConvolutionDescriptor(convolution) }
  }

  /// A number for each precision.
  static func number(of precision: ProductPrecision) -> Int {
    switch precision {
    case .float32: 0
    case .tf32: 1
    case .bfloat16: 2
    }
  }

  /// Kinds of arithmetic, by numbers of `cudnnMathType_t`.
  private enum Math {
    /// For float32 tensors TF32.
    static let tensorCores: Int32 = 1
    /// Half precision for float32 tensors.
    static let converting: Int32 = 2
    static let fusedMultiplyAdd: Int32 = 3
  }

  private func describe(_ g: ConvolutionGeometry, _ order: Order, _ precision: ProductPrecision) -> Bool {
    let (float32, bfloat16, crossCorrelation): (Int32, Int32, Int32) = (0, 9, 1)
    let order = order.rawValue
    let type = layout.isBFloat16 ? bfloat16 : float32
    let math = precision == .float32 ? Math.fusedMultiplyAdd : Math.tensorCores
    let (input, result, weight) = (g.input.map(Int32.init), g.output.map(Int32.init), g.weight.map(Int32.init))
    let (padding, stride, dilation) = (g.window.padding, g.window.stride, g.window.dilation)
    return dt_cudnnCreateTensorDescriptor(&image) == 0 && dt_cudnnCreateTensorDescriptor(&output) == 0
      && dt_cudnnCreateFilterDescriptor(&filters) == 0 && dt_cudnnCreateConvolutionDescriptor(&convolution) == 0
      && dt_cudnnSetTensor4dDescriptor(image, order, type, input[0], input[1], input[2], input[3]) == 0
      && dt_cudnnSetTensor4dDescriptor(output, order, type, result[0], result[1], result[2], result[3]) == 0
      && dt_cudnnSetFilter4dDescriptor(filters, type, order, weight[0], weight[1], weight[2], weight[3]) == 0
      && dt_cudnnSetConvolution2dDescriptor(
        convolution, Int32(padding.0), Int32(padding.1), Int32(stride.0), Int32(stride.1), Int32(dilation.0),
        Int32(dilation.1), crossCorrelation, float32) == 0
      && dt_cudnnSetConvolutionGroupCount(convolution, Int32(g.groups)) == 0
      && dt_cudnnSetConvolutionMathType(convolution, math) == 0
  }

  /// The algorithms that may be used, from that which the library expects to be fastest.
  private func algorithms(_ handle: dt_dnn) -> [dt_dnn_algorithm] {
    var found = [dt_dnn_algorithm](repeating: dt_dnn_algorithm(), count: 8)
    let room = Int32(found.count)
    var count: Int32 = 0
    let status =
      switch operation {
      case .output:
        dt_cudnnGetConvolutionForwardAlgorithm_v7(handle, image, filters, convolution, output, room, &count, &found)
      case .imageGradient:
        dt_cudnnGetConvolutionBackwardDataAlgorithm_v7(
          handle, filters, output, convolution, image, room, &count, &found)
      case .filterGradient:
        dt_cudnnGetConvolutionBackwardFilterAlgorithm_v7(
          handle, image, output, convolution, filters, room, &count, &found)
      }
    guard status == 0 else { return [] }
    let deterministic: Int32 = 1
    let excluded = excludesTensorCores ? [Math.tensorCores, Math.converting] : [Math.converting]
    return found.prefix(Int(count)).filter {
      $0.status == 0 && $0.determinism == deterministic && !excluded.contains($0.math)
        && $0.workspace_bytes <= Self.largestWorkspace
    }
  }

  /// Takes the next of the other algorithms, if there is one.
  private func useNextAlgorithm(_ handle: dt_dnn) -> Bool {
    while let next = others.popFirst() {
      (algorithm, canAdd) = (next.algorithm, true)
      // What is said of an algorithm holds with its own kind of arithmetic. For float32 the descriptor's excludes TF32.
      if !excludesTensorCores && dt_cudnnSetConvolutionMathType(convolution, next.math) != 0 { continue }
      if findWorkspace(handle) { return true }
    }
    return false
  }

  private func findWorkspace(_ handle: dt_dnn) -> Bool {
    let status =
      switch operation {
      case .output:
        dt_cudnnGetConvolutionForwardWorkspaceSize(
          handle, image, filters, convolution, output, algorithm, &workspaceByteCount)
      case .imageGradient:
        dt_cudnnGetConvolutionBackwardDataWorkspaceSize(
          handle, filters, output, convolution, image, algorithm, &workspaceByteCount)
      case .filterGradient:
        dt_cudnnGetConvolutionBackwardFilterWorkspaceSize(
          handle, image, output, convolution, filters, algorithm, &workspaceByteCount)
      }
    return status == 0 && workspaceByteCount <= Self.largestWorkspace
  }

  /// What became of a computation.
  enum Outcome {
    case started
    /// The algorithm is refused for a sum, and may do without.
    case cannotAdd
    /// All algorithms are refused: the plan cannot be used any more.
    case refused
  }

  /// Starts the computation, by another algorithm where the library refuses the one in use.
  func compute(
    _ first: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer, into result: UnsafeMutableRawPointer,
    adding: Bool, workspace: (_ byteCount: Int) -> UnsafeMutableRawPointer?, handle: dt_dnn
  ) -> Outcome {
    guard canAdd || !adding else { return .cannotAdd }
    while true {
      let status = start(
        first, second, into: result, adding: adding, workspace: workspace(workspaceByteCount), handle: handle)
      if status == 0 {
        hasComputed = true
        return .started
      }
      guard Self.isRefusal(status) else { preconditionFailure("cuDNN: \(self) failed: \(Self.text(of: status))") }
      guard !adding else {
        canAdd = false
        return .cannotAdd
      }
      isUsable = useNextAlgorithm(handle)
      if !isUsable { return .refused }
    }
  }

  /// Whether a status says that the library cannot compute this, before anything was done: bad parameters, what is not
  /// supported, or what it could not load, compile or launch or had no memory for, by the numbers of version 9 and of those
  /// before it.
  static func isRefusal(_ status: Int32) -> Bool {
    (2000..<4000).contains(status) || [2, 3, 9, 1008, 4001, 4003, 4004, 4005].contains(status)
  }

  private func start(
    _ first: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer, into result: UnsafeMutableRawPointer,
    adding: Bool, workspace: UnsafeMutableRawPointer?, handle: dt_dnn
  ) -> Int32 {
    var (one, beta): (Float, Float) = (1, adding ? 1 : 0)
    return switch operation {
    case .output:
      dt_cudnnConvolutionForward(
        handle, &one, image, first, filters, second, convolution, algorithm, workspace, workspaceByteCount, &beta,
        output, result)
    case .imageGradient:
      dt_cudnnConvolutionBackwardData(
        handle, &one, filters, first, output, second, convolution, algorithm, workspace, workspaceByteCount, &beta,
        image, result)
    case .filterGradient:
      dt_cudnnConvolutionBackwardFilter(
        handle, &one, image, first, output, second, convolution, algorithm, workspace, workspaceByteCount, &beta,
        filters, result)
    }
  }

  /// The library's text for a status.
  static func text(of status: Int32) -> String {
    dt_cudnnGetErrorString(status).map { String(cString: $0) } ?? "unknown status \(status)"
  }
}
