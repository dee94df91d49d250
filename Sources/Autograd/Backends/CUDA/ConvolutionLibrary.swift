import CCUDA
import Synchronization

/// cuDNN on one GPU: convolutions of float32 images by algorithms that always give the same bits.
package final class ConvolutionLibrary: @unchecked Sendable {
  /// The version, as in 90200.
  let version: Int
  private let context: dt_context
  private let stream: dt_stream

  private struct State: @unchecked Sendable {
    var handle: dt_dnn?
    var plans: [[Int]: ConvolutionPlan?] = [:]
  }
  /// The library serves one thread at a time.
  private let state = Mutex(State())

  /// Opens the library, or gives nil where there is none.
  ///
  /// - Throws: ``CUDAError`` when it cannot be used.
  init?(newestVersion: Int?, context: dt_context, stream: dt_stream) throws {
    guard let version = try Self.open(newest: newestVersion) else { return nil }
    self.version = version
    self.context = context
    self.stream = stream
  }

  /// The version of the library, whose file does not say for which CUDA it was made; nil where there is none.
  ///
  /// - Throws: ``CUDAError`` when it is for a later CUDA than `newest`, or cannot be used.
  package static func open(newest: Int?, in search: LibrarySearch = .shared) throws -> Int? {
    let path: String
    do { path = try CUDALibrary.cudnn.open(in: search) } catch CUDAError.libraryNotFound { return nil }
    if let newest, dt_cudnnGetCudartVersion() / 1000 > newest {
      throw CUDAError.driverTooOld(driver: "\(newest)", library: CUDALibrary.cudnn.title, path: path)
    }
    return Int(dt_cudnnGetVersion())
  }

  /// How the library computes an operation of a convolution of float32 tensors; nil where it cannot, or only in an order
  /// of additions that changes from time to time.
  func plan(
    _ operation: ConvolutionPlan.Operation, _ geometry: ConvolutionGeometry, _ precision: ProductPrecision
  ) -> ConvolutionPlan? {
    let key =
      [operation.rawValue, ConvolutionPlan.number(of: precision), geometry.groups] + geometry.input + geometry.weight
      + geometry.window.numbers
    return state.withLock { state in
      if let known = state.plans[key] { return known }
      let plan = ConvolutionPlan(operation, geometry, precision, handle: handle(&state))
      state.plans[key] = .some(plan)
      return plan
    }
  }

  /// Computes a plan's result from its two operands, which are image, filters and output without the result, in this
  /// order; adds it to what is there if `adding`.
  func compute(
    _ plan: ConvolutionPlan, _ first: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer,
    into result: UnsafeMutableRawPointer, adding: Bool, workspace: UnsafeMutableRawPointer?
  ) {
    let status = state.withLock { state in
      plan.compute(first, second, into: result, adding: adding, workspace: workspace, handle: handle(&state))
    }
    if status != 0 { preconditionFailure("cuDNN: \(plan) failed: \(ConvolutionPlan.text(of: status))") }
  }

  /// Made when the first convolution needs it, because that loads hundreds of megabytes.
  private func handle(_ state: inout State) -> dt_dnn {
    CUDADriver.require(dt_enter(context), "cuCtxSetCurrent")
    if let handle = state.handle { return handle }
    var handle: dt_dnn?
    let status = dt_cudnnCreate(&handle)
    guard status == 0, let handle, dt_cudnnSetStream(handle, stream) == 0 else {
      preconditionFailure("cuDNN \(version) cannot be used: cudnnCreate: \(ConvolutionPlan.text(of: status))")
    }
    state.handle = handle
    return handle
  }
}

extension SlidingWindow {
  fileprivate var numbers: [Int] {
    [kernel.0, kernel.1, stride.0, stride.1, padding.0, padding.1, dilation.0, dilation.1]
  }
}
