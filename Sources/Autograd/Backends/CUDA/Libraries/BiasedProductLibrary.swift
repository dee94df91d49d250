import CCUDA
import Synchronization

/// cuBLASLt on one GPU: products of matrices to which it adds a bias, and applies ReLU, before it writes them.
package final class BiasedProductLibrary: @unchecked Sendable {
  /// The version, as in 130401.
  let version: Int
  private let handle: dt_blas_lt
  private let stream: dt_stream
  /// That of cuBLAS, whose products come before or after those of this library in the one stream.
  private let workspace: UnsafeMutableRawBufferPointer
  /// By their products, nil where the library has no algorithm. Who has the lock may use the plans.
  private let plans = Mutex<[BiasedProduct: BiasedProductPlan?]>([:])

  /// Opens the library, or gives nil where there is none for the CUDA of cuBLAS.
  ///
  /// - Parameters:
  ///   - newestVersion: The version of CUDA that cuBLAS is for, beside which the library is.
  ///   - stream: Where products are computed; its context must be this thread's.
  ///   - workspace: Memory of the GPU to work in.
  /// - Throws: ``CUDAError`` when it cannot be used.
  init?(newestVersion: Int?, stream: dt_stream, workspace: UnsafeMutableRawBufferPointer) throws {
    guard let (path, version) = try Self.open(newest: newestVersion) else { return nil }
    var handle: dt_blas_lt?
    let status = dt_cublasLtCreate(&handle)
    guard status == 0, let handle else {
      let reason = dt_cublasLtGetStatusString(status).map { String(cString: $0) } ?? "unknown status \(status)"
      throw CUDAError.libraryUnusable(
        library: CUDALibrary.cublasLt.title, path: path, reason: "cublasLtCreate: \(reason)")
    }
    self.version = version
    self.handle = handle
    self.stream = stream
    self.workspace = workspace
  }

  /// Where the library was found, and its version; nil where there is none, or only for a later CUDA than `newest`.
  ///
  /// - Throws: ``CUDAError`` when it cannot be used.
  package static func open(newest: Int?, in search: LibrarySearch? = nil) throws -> (path: String, version: Int)? {
    do {
      let path = try CUDALibrary.cublasLt.open(newest: newest, in: search)
      return (path, dt_cublasLtGetVersion())
    } catch CUDAError.libraryNotFound, CUDAError.driverTooOld {
      return nil
    }
  }

  /// What is known of the algorithm for a product.
  func standing(of product: BiasedProduct, _ operands: BiasedProduct.Operands) -> BiasedProductPlan.Standing {
    plans.withLock { plans in
      if let known = plans[product] { return known?.standing ?? .refused }
      let plan = BiasedProductPlan(product, operands, workspaceByteCount: workspace.count, handle: handle)
      plans[product] = .some(plan)
      return plan?.standing ?? .refused
    }
  }

  /// Keeps what a trial has found.
  func conclude(_ product: BiasedProduct, _ standing: BiasedProductPlan.Standing) {
    plans.withLock { plans in
      // Another thread may have met a refusal meanwhile.
      if let plan = plans[product] ?? nil, plan.standing == .untried { plan.standing = standing }
    }
  }

  /// Starts a product whose ``standing(of:_:)`` is known; false where the library refuses it, and will not be asked again.
  func compute(_ product: BiasedProduct, _ operands: BiasedProduct.Operands) -> Bool {
    plans.withLock { plans in
      guard let plan = plans[product] ?? nil, plan.standing != .refused, let memory = workspace.baseAddress else {
        return false
      }
      let status = plan.compute(operands, workspace: memory, byteCount: workspace.count, stream: stream, handle: handle)
      if status != 0 { plan.standing = .refused }
      return status == 0
    }
  }
}
