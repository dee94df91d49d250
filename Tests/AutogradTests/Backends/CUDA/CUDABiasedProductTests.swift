import Autograd
import Foundation
import Testing
import TestSupport

/// Linear layers whose results are so large that cuBLASLt adds the bias and applies ReLU. Which products the emulated one
/// does not compute is said in `BiasedProducts.cpp`.
@Suite(.enabled(if: try EmulatedGPU.device().summary().contains(", cuBLASLt "), "the GPU has no cuBLASLt"))
struct CUDABiasedProductTests {
  enum Function: CaseIterable {
    case none, relu, sigmoid

    var layers: [any Layer] {
      switch self {
      case .none: []
      case .relu: [ReLU()]
      case .sigmoid: [Sigmoid()]
      }
    }
  }

  struct Shape: CustomTestStringConvertible {
    let rows: Int
    let columns: Int
    let inner: Int
    var testDescription: String { "\(rows) × \(columns) × \(inner)" }

    /// Whether the emulated library computes all of a layer.
    func isFused(_ function: Function) -> Bool {
      switch function {
      case .none: inner % 8 != 3 && inner % 8 != 5
      case .relu: isFused(.none) && columns % 8 != 1
      case .sigmoid: false
      }
    }
  }

  private static let shapes = [
    Shape(rows: 512, columns: 520, inner: 16), Shape(rows: 515, columns: 513, inner: 24),
    Shape(rows: 513, columns: 519, inner: 13), Shape(rows: 520, columns: 512, inner: 11),
    // Of factors that are rounded on the way.
    Shape(rows: 130, columns: 2080, inner: 18),
  ]

  /// A layer of numbers whose sums of products are exact in float32, with a bias that begins at any place in memory.
  private func layer(_ shape: Shape, _ function: Function, biasAt start: Int) throws -> (layer: Sequential, x: Tensor) {
    let draws = try DrawnTensors(seed: 1, device: EmulatedGPU.device())
    let x = draws.quarters([shape.rows, shape.inner])
    let weight = Parameter(draws.quarters([shape.columns, shape.inner]).detached())
    let bias = Parameter(draws.quarters([start + shape.columns]).detached()[start...])
    return (Sequential([Linear(weight: weight, bias: bias)] + function.layers), x)
  }

  /// With as many digits as in a pass of its own, the bias is the same.
  @Test(arguments: shapes, Function.allCases) func exactResults(_ shape: Shape, _ function: Function) throws {
    for (precision, start) in [(ProductPrecision.float32, 0), (.float32, 1), (.tf32, 0)] {
      let results = try [true, false].map { isGeneric in
        try Kernels.choosing(generic: isGeneric) {
          try withProductPrecision(precision) {
            let (layer, x) = try self.layer(shape, function, biasAt: start)
            let y = layer(x)
            try (y * y.detached()).sum().backward()
            return try [y] + ([x] + layer.parameters).map { try #require($0.grad) }
          }
        }
      }
      for (expected, found) in zip(results[0], results[1]) {
        #expect(expected.array(of: Float.self) == found.array(of: Float.self), "\(precision), bias at \(start)")
      }
    }
  }

  /// A result that is kept in bfloat16 is rounded once, and not before the bias is added.
  @Test(arguments: shapes.dropLast(), [Function.none, .relu])
  func roundedResults(_ shape: Shape, _ function: Function) throws {
    for start in [0, 1, 2] {
      let (layer, x) = try self.layer(shape, function, biasAt: start)
      let (weight, bias) = (layer.parameters[0], layer.parameters[1])
      let sums = x.linear(weight).array(of: Float.self), addends = bias.array(of: Float.self)
      func expected(_ sum: (Float) -> Float) -> [Float] {
        sums.enumerated().map { place, value in
          let biased = sum(value) + addends[place % shape.columns]
          return nearestBFloat16(function == .relu ? max(biased, 0) : biased)
        }
      }
      let (once, twice) = (expected { $0 }, expected(nearestBFloat16))
      #expect(once != twice)
      let found = withProductPrecision(.bfloat16) {
        let y = layer(x)
        #expect(y.layout.isBFloat16)
        return y.array(of: Float.self)
      }
      // What a real GPU's library computes is its own choice.
      let isFused = EmulatedGPU.isReal ? found == once : shape.isFused(function)
      #expect(found == (isFused ? once : twice), "bias at \(start)")
    }
  }

  /// The library's ReLU may make 0 of NaN, with which training would go on.
  @Test(arguments: shapes) func whatIsNotANumberStaysSo(_ shape: Shape) throws {
    for precision in [ProductPrecision.float32, .bfloat16] {
      let (layer, x) = try self.layer(shape, .relu, biasAt: 0)
      let before = withProductPrecision(precision) { layer(x).array(of: Float.self) }
      #expect(before.contains { $0 > 0 } && before.allSatisfy { $0 >= 0 })
      try noGrad { try layer.parameters[0] *= .nan }
      let after = withProductPrecision(precision) { layer(x).array(of: Float.self) }
      #expect(after.allSatisfy { $0.isNaN }, "\(precision)")
    }
  }

  /// The emulator prints what is recorded where its variable is set: in a process of its own.
  @Test(.enabled(if: !EmulatedGPU.isReal, "a driver does not tell what it recorded"))
  func `a large layer has one kernel`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      setenv("EMULATED_CUDA_GRAPHS", "yes", 1)
      let tests = CUDABiasedProductTests()
      for shape in Self.shapes { for function in Function.allCases { try tests.record(shape, function) } }
      try tests.record(Shape(rows: 511, columns: 512, inner: 16), .relu)
      try tests.record(Shape(rows: 511, columns: 512, inner: 16), .none)
      try Kernels.choosing(generic: true) { try tests.record(Self.shapes[0], .relu) }
      // Nothing is tried while work is recorded.
      let unknown = Shape(rows: 512, columns: 528, inner: 16)
      try tests.record(unknown, .relu, isComputedBefore: false)
      try tests.record(unknown, .relu)
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let layers = Self.shapes.flatMap { shape in
      Function.allCases.map { function in
        switch (function, shape.isFused(function)) {
        case (.none, true): "product_bias"
        case (.none, false): "product add_broadcast_f32"
        case (.relu, true): "product_bias_relu"
        case (.relu, false): "product relu_biased_f32"
        case (.sigmoid, _): "product sigmoid_biased_f32"
        }
      }
    }
    let others = [
      "product relu_biased_f32", "copy_128 product", "product relu_biased_f32", "product relu_biased_f32",
      "product_bias_relu",
    ]
    #expect(text == (layers + others).map { "recorded: \($0)\n" }.joined())
  }

  private func record(_ shape: Shape, _ function: Function, isComputedBefore: Bool = true) throws {
    let (layer, x) = try self.layer(shape, function, biasAt: 0)
    let expected = isComputedBefore ? noGrad { layer(x) } : nil
    var result: Tensor?
    let work = try RecordedWork(on: x.device) { result = noGrad { layer(x) } }
    work.run()
    let found = try #require(result).array(of: Float.self)
    if let expected { precondition(found == expected.array(of: Float.self), "\(shape), \(function)") }
  }

  private func nearestBFloat16(_ x: Float) -> Float {
    Float(bitPattern: (x.bitPattern + 0x7fff + (x.bitPattern >> 16 & 1)) & 0xffff_0000)
  }
}
