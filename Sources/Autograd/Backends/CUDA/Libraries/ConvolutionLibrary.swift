import CCUDA
import Synchronization

/// cuDNN on one GPU: convolutions of float32 images by algorithms that always give the same bits.
package final class ConvolutionLibrary: @unchecked Sendable {
  /// The version, as in 90200.
  let version: Int
  private let handle: dt_dnn
  /// A handle serves one thread at a time, the one that has this lock.
  private let plans = Mutex<[[Int]: [ConvolutionPlan?]]>([:])

  /// Opens the library, or gives nil where there is none for a CUDA that the driver can run.
  ///
  /// - Parameters:
  ///   - newestVersion: The version of CUDA whose code the driver can load.
  ///   - stream: Where convolutions are computed; its context must be this thread's.
  /// - Throws: ``CUDAError`` when it cannot be used.
  init?(newestVersion: Int?, stream: dt_stream) throws {
    guard let (path, version) = try Self.open(newest: newestVersion) else { return nil }
    func check(_ status: Int32, _ call: String) throws {
      guard status != 0 else { return }
      throw CUDAError.libraryUnusable(
        library: CUDALibrary.cudnn.title, path: path, reason: "\(call): \(ConvolutionPlan.text(of: status))")
    }
    var handle: dt_dnn?
    try check(dt_cudnnCreate(&handle), "cudnnCreate")
    guard let handle else { throw CUDAError.callFailed(call: "cudnnCreate", reason: "no handle") }
    try check(dt_cudnnSetStream(handle, stream), "cudnnSetStream")
    self.version = version
    self.handle = handle
  }

  /// Where the library was found, and its version; nil where there is none, or only for a later CUDA than `newest`.
  ///
  /// - Throws: ``CUDAError`` when it cannot be used.
  package static func open(newest: Int?, in search: LibrarySearch? = nil) throws -> (path: String, version: Int)? {
    do {
      let path = try CUDALibrary.cudnn.open(newest: newest, in: search)
      return (path, Int(dt_cudnnGetVersion()))
    } catch CUDAError.libraryNotFound, CUDAError.driverTooOld {
      return nil
    }
  }

  /// How the library computes an operation of a convolution of float32 tensors; nil where it cannot, or only in an order
  /// of additions that changes from time to time.
  func plan(
    _ operation: ConvolutionPlan.Operation, _ geometry: ConvolutionGeometry, _ precision: ProductPrecision
  ) -> ConvolutionPlan? {
    withPlans(geometry, precision) { plans in plans[operation.rawValue].flatMap { $0.isUsable ? $0 : nil } }
  }

  /// How filters are kept for both passes, once the library has computed both: before, it may refuse one of them.
  func layoutOfFilters(_ geometry: ConvolutionGeometry, _ precision: ProductPrecision) -> Layout? {
    withPlans(geometry, precision) { plans in
      let both = [.output, .imageGradient].compactMap { (operation: ConvolutionPlan.Operation) in
        plans[operation.rawValue].flatMap { $0.hasComputed && $0.isUsable ? $0.layout : nil }
      }
      return both.count == 2 ? both[0] : nil
    }
  }

  private func withPlans<R: Sendable>(
    _ geometry: ConvolutionGeometry, _ precision: ProductPrecision, _ body: ([ConvolutionPlan?]) -> R
  ) -> R {
    let key =
      [ConvolutionPlan.number(of: precision), geometry.groups] + geometry.input + geometry.weight
      + geometry.window.numbers
    return plans.withLock { plans in
      let all = plans[key] ?? makePlans(geometry, precision)
      plans[key] = all
      return body(all)
    }
  }

  /// The plans of all operations, by their numbers. Tensor cores take the channels of a pixel at once, and the library
  /// would bring images into that order and back.
  private func makePlans(_ geometry: ConvolutionGeometry, _ precision: ProductPrecision) -> [ConvolutionPlan?] {
    func plans(_ order: ConvolutionPlan.Order) -> [ConvolutionPlan?] {
      ConvolutionPlan.Operation.allCases.map { ConvolutionPlan($0, geometry, order, precision, handle: handle) }
    }
    if precision != .float32 && geometry.groups == 1 {
      let found = plans(.channelsLast)
      if !found.contains(where: { $0 == nil }) { return found }
    }
    return plans(.channelsFirst)
  }

  /// Computes a plan's result from its two operands, which are image, filters and output without the result, in this
  /// order; adds it to what is there if `adding`. Works in memory that `workspace` gives.
  func compute(
    _ plan: ConvolutionPlan, _ first: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer,
    into result: UnsafeMutableRawPointer, adding: Bool,
    workspace: (_ byteCount: Int) -> UnsafeMutableRawPointer?
  ) -> ConvolutionPlan.Outcome {
    plans.withLock { _ in
      plan.compute(first, second, into: result, adding: adding, workspace: workspace, handle: handle)
    }
  }
}

extension SlidingWindow {
  fileprivate var numbers: [Int] {
    [kernel.0, kernel.1, stride.0, stride.1, padding.0, padding.1, dilation.0, dilation.1]
  }
}
