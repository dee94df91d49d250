import CCUDA

/// A source file of kernels, `Kernels/NAME.cu`, compiled as a whole when its first kernel is launched.
package enum KernelModule: String, CaseIterable, Sendable {
  case elementwiseFloat32 = "elementwise_f32"
  case elementwiseBFloat16 = "elementwise_bf16"
  case elementwiseFloat64 = "elementwise_f64"
  case elementwiseInt64 = "elementwise_i64"
  case rowNormalization = "row_normalization"
  case copies, dropout, indexing, losses, ordering, reductions
  case attention, convolution, linear, moments, normalization, optimizers, pooling, products, recurrent, softmax

  package var fileName: String { "\(rawValue).cu" }
}

/// The sources of all kernels, which are part of the program.
enum KernelSources {
  /// The headers that sources include.
  static let headers = all.filter { $0.name.hasSuffix(".h") }

  /// The text of a module.
  static func text(of module: KernelModule) -> String {
    guard let source = all.first(where: { $0.name == module.fileName }) else {
      preconditionFailure("\(module.fileName) is not among the kernels in the program")
    }
    return source.text
  }

  private static let all: [(name: String, text: String)] = {
    var sources: [(name: String, text: String)] = []
    var next = dt_kernel_sources()
    while let source = next, let name = source.pointee.name, let text = source.pointee.text {
      sources.append((String(cString: name), String(cString: text)))
      next = source + 1
    }
    return sources
  }()
}
