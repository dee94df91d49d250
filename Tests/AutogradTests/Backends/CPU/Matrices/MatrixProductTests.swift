import Autograd
import Testing

/// Products of float32 matrices, by every kernel this processor has, against loops in double precision.
@Suite struct MatrixProductTests {
  /// Ways to compute a product.
  enum Way: CaseIterable {
    /// By one of the package's kernels, whatever the shape.
    case inPlace, packed, avx2, packedBFloat16
    /// As tensors are multiplied.
    case chosen, chosenBFloat16
    /// As tensors are multiplied on a processor with AVX2 alone.
    case chosenAVX2
    /// As tensors are multiplied with `DISTTRAIN_KERNELS=generic`.
    case generic, genericBFloat16

    var rounds: Bool { self == .packedBFloat16 || self == .chosenBFloat16 || self == .genericBFloat16 }

    /// `nil` where the processor has none, or the way is not that of one kernel.
    var kernel: MatrixKernel? {
      switch self {
      case .inPlace: .inPlace
      case .packed: .packed
      case .avx2: .avx2
      case .packedBFloat16: .bfloat16
      default: nil
      }
    }

    func compute(
      _ p: MatrixProduct, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
      adding: Bool
    ) {
      let before = ProductPrecision.current
      ProductPrecision.current = rounds ? .bfloat16 : .float32
      defer { ProductPrecision.current = before }
      switch self {
      case .inPlace, .packed, .avx2, .packedBFloat16:
        guard let kernel, p.rows > 0, p.columns > 0, p.inner > 0 else { fallthrough }
        kernel.multiply(p, a, b, c, adding: adding ? .result : .nothing)
      case .chosen, .chosenBFloat16:
        Kernels.choosing(generic: false) { p.compute(a, b, into: c, adding: adding) }
      case .chosenAVX2:
        Kernels.choosing(generic: false) {
          Kernels.limitingVectors(to: 32) { p.compute(a, b, into: c, adding: adding) }
        }
      case .generic, .genericBFloat16:
        Kernels.choosing(generic: true) { p.compute(a, b, into: c, adding: adding) }
      }
    }
  }

  @Test(arguments: Way.allCases, [1, 3])
  func randomShapes(_ way: Way, _ threads: Int) {
    let random = RandomGenerator(seed: 1)
    LoopThreads.using(threads: threads) {
      for trial in 0..<150 {
        let shape = (0..<3).map { _ in Int(random.random32() % (trial % 10 == 0 ? 150 : 40)) }
        check(way, rows: shape[0], columns: shape[1], inner: shape[2], trial, random)
      }
    }
  }

  /// Sizes at the edges of vectors, tiles, panels and blocks.
  @Test(arguments: Way.allCases)
  func edges(_ way: Way) {
    let random = RandomGenerator(seed: 2)
    for (trial, shape) in [
      (0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (16, 32, 16), (17, 33, 17), (12, 64, 1), (13, 31, 2), (6, 16, 513),
      (32, 48, 1025), (1, 300, 600), (300, 1, 600), (1, 1, 2049), (50, 13, 20), (128, 10, 256), (16, 270, 260),
      (250, 40, 260), (7, 129, 513), (145, 13, 600), (6, 700, 100), (8, 127, 64), (11, 15, 16), (65, 8, 7),
    ].enumerated() {
      check(way, rows: shape.0, columns: shape.1, inner: shape.2, trial, random)
    }
  }

  /// All transpositions, adding or not, from addresses of any alignment, with nothing written around the result.
  private func check(_ way: Way, rows: Int, columns: Int, inner: Int, _ trial: Int, _ random: RandomGenerator) {
    let offset = trial % 5
    func numbers(_ count: Int) -> [Float] {
      var numbers = [Float](repeating: 0, count: count + offset)
      numbers.withUnsafeMutableBufferPointer { random.uniform(into: $0, low: -1) }
      return numbers
    }
    let (a, b) = (numbers(rows * inner), numbers(inner * columns))
    for transpositions in 0..<4 {
      let p = MatrixProduct(
        rows: rows, columns: columns, inner: inner, transposesFirst: transpositions & 1 != 0,
        transposesSecond: transpositions & 2 != 0)
      let adding = (transpositions + trial) % 3 == 0
      let before = numbers(rows * columns + 40)
      var c = before
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          c.withUnsafeMutableBufferPointer { c in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
            way.compute(p, a + offset, b + offset, c + offset, adding: adding)
          }
        }
      }
      let described = "\(way), \(rows) × \(columns) × \(inner), transpositions \(transpositions), adding \(adding)"
      #expect(c[..<offset] == before[..<offset], "\(described): before the result")
      #expect(c[(offset + rows * columns)...] == before[(offset + rows * columns)...], "\(described): after the result")
      // All elements, or 151 that are spread over rows and columns, the last one among them.
      var worst = 0.0
      for sample in 0..<min(rows * columns, 151) {
        let element = rows * columns <= 151 ? sample : (rows * columns - 1 + sample * 7919) % (rows * columns)
        let (i, j) = element.quotientAndRemainder(dividingBy: columns)
        var (sum, size) = (adding ? Double(before[offset + element]) : 0, 1.0)
        for k in 0..<inner {
          let x = a[offset + (p.transposesFirst ? k * rows + i : i * inner + k)]
          let y = b[offset + (p.transposesSecond ? j * inner + k : k * columns + j)]
          let term = way.rounds ? Self.rounded(x) * Self.rounded(y) : Double(x) * Double(y)
          sum += term
          size += abs(term)
        }
        worst = max(worst, abs(Double(c[offset + element]) - sum) / size)
      }
      #expect(worst < 1e-6, "\(described)")
    }
  }

  /// `x` with the seven bits after the point that bfloat16 has, by arithmetic rather than by bits.
  static func rounded(_ x: Float) -> Double {
    if !x.isFinite { return Double(x) }
    if x.magnitude < .leastNormalMagnitude { return 0 }
    let step = Double(x.ulp) * 0x1p16
    let value = (Double(x) / step).rounded(.toNearestOrEven) * step
    return value.magnitude >= 0x1p128 ? value * .infinity : value
  }

  @Test(arguments: [Way.packedBFloat16, .chosenBFloat16, .genericBFloat16])
  func roundingToBFloat16(_ way: Way) {
    let random = RandomGenerator(seed: 3)
    var numbers: [Float] = [
      0, -0, 1, 1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1p-8 + 0x1p-23, 1 - 0x1p-9, -1 - 0x1p-8, -1 - 0x3p-8, .pi,
      .leastNormalMagnitude, .leastNormalMagnitude.nextDown, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, 0x1.fep127, (0x1.ffp127 as Float).nextDown, 0x1.ffp127, .infinity, -.infinity,
    ]
    for _ in 0..<5_000 {
      let bits = UInt32(truncatingIfNeeded: random.random64())
      numbers += [Float(bitPattern: bits), Float(bitPattern: bits & 0xffff_0000 | 0x8000)]
    }
    let p = MatrixProduct(rows: numbers.count, columns: 1, inner: 1)
    var products = [Float](repeating: 0, count: numbers.count)
    way.compute(p, numbers, [1], &products, adding: false)
    for (x, y) in zip(numbers, products) {
      let expected = Self.rounded(x)
      #expect(Double(y) == expected || (y.isNaN && expected.isNaN), "\(x) (\(String(x.bitPattern, radix: 16)))")
    }
    var quiet = Float.signalingNaN
    way.compute(MatrixProduct(rows: 1, columns: 1, inner: 1), [Float.signalingNaN], [1], &quiet, adding: false)
    #expect(quiet.isNaN)
  }

  /// An element has the same bits wherever its memory is, whatever is computed beside it and by how many threads.
  @Test(arguments: [Way.inPlace, .packed, .avx2, .packedBFloat16].filter { $0.kernel != nil })
  func bitsOfAnElement(_ way: Way) {
    let (rows, columns, inner) = (70, 200, 700)
    let random = RandomGenerator(seed: 4)
    var a = [Float](repeating: 0, count: rows * inner)
    var b = [Float](repeating: 0, count: columns * inner + 1)
    a.withUnsafeMutableBufferPointer { random.uniform(into: $0, low: -1) }
    b.withUnsafeMutableBufferPointer { random.uniform(into: $0, low: -1) }
    var whole = [Float](repeating: 0, count: rows * columns)
    way.compute(
      MatrixProduct(rows: rows, columns: columns, inner: inner, transposesSecond: true), a, b, &whole, adding: false)
    // Some rows and columns, moved by one element.
    for (i, j, height, width) in [(0, 0, 1, 1), (5, 17, 33, 20), (40, 3, 13, 190), (69, 199, 1, 1)] {
      let x = [0] + a[(i * inner)..<((i + height) * inner)]
      let y = [0] + b[(j * inner)..<((j + width) * inner)]
      var part = [Float](repeating: 0, count: height * width)
      x.withUnsafeBufferPointer { x in
        y.withUnsafeBufferPointer { y in
          part.withUnsafeMutableBufferPointer { part in
            guard let x = x.baseAddress, let y = y.baseAddress, let part = part.baseAddress else { return }
            way.compute(
              MatrixProduct(rows: height, columns: width, inner: inner, transposesSecond: true), x + 1, y + 1, part,
              adding: false)
          }
        }
      }
      for r in 0..<height {
        let expected = whole[((i + r) * columns + j)..<((i + r) * columns + j + width)]
        #expect(
          part[(r * width)..<((r + 1) * width)].map(\.bitPattern) == expected.map(\.bitPattern), "row \(i + r)")
      }
    }
  }

  /// All kernels for float32 give the same bits, so that the choice among them may change with the number of rows or
  /// the processor: those of a loop that fuses each multiplication with its addition, 512 along k at a time.
  @Test(arguments: [Way.inPlace, .packed, .avx2].filter { $0.kernel != nil }, [1, 3])
  func bitsOfALoop(_ way: Way, threads: Int) throws {
    let kernel = try #require(way.kernel)
    for (rows, columns, inner) in [
      (40, 50, 784), (17, 33, 1025), (5, 70, 512), (64, 16, 1), (13, 7, 513), (200, 230, 20), (70, 90, 30),
      (193, 1, 600),
    ] {
      let (a, b) = (Self.numbers(rows * inner, seed: 5), Self.numbers(columns * inner, seed: 6))
      for transpositions in 0..<4 {
        let p = MatrixProduct(
          rows: rows, columns: columns, inner: inner, transposesFirst: transpositions & 1 != 0,
          transposesSecond: transpositions & 2 != 0)
        let before = Self.numbers(rows * columns, seed: 7)
        let row = Array(before.prefix(columns))
        row.withUnsafeBufferPointer { pointer in
          guard let first = pointer.baseAddress else { return }
          let addends: [(MatrixKernel.Addend, [Float]?)] = [
            (.nothing, nil), (.result, before), (.row(first), (0..<rows).flatMap { _ in row }),
          ]
          for (addend, start) in addends {
            var result = before
            LoopThreads.using(threads: threads) { kernel.multiply(p, a, b, &result, adding: addend) }
            let expected = Self.fusedLoop(p, a, b, addedTo: start)
            #expect(result.map(\.bitPattern) == expected.map(\.bitPattern), "\(p), \(addend)")
          }
        }
      }
    }
  }

  /// Infinities and NaN reach the elements of their row or column, and no others.
  @Test(arguments: [Way.inPlace, .packed, .avx2].filter { $0.kernel != nil })
  func infinitiesAndNaN(_ way: Way) throws {
    let kernel = try #require(way.kernel)
    for (rows, columns, inner) in [(7, 17, 9), (13, 35, 600)] {
      var (a, b) = (Self.numbers(rows * inner, seed: 8), Self.numbers(columns * inner, seed: 9))
      for (place, value) in [(0, Float.infinity), (a.count / 2, .nan), (a.count - 1, -.infinity)] { a[place] = value }
      for (place, value) in [(1, Float.nan), (b.count - 1, .infinity)] { b[place] = value }
      for transpositions in 0..<4 {
        let p = MatrixProduct(
          rows: rows, columns: columns, inner: inner, transposesFirst: transpositions & 1 != 0,
          transposesSecond: transpositions & 2 != 0)
        var result = [Float](repeating: 0, count: rows * columns)
        kernel.multiply(p, a, b, &result, adding: .nothing)
        let expected = Self.fusedLoop(p, a, b, addedTo: nil)
        #expect(result.contains { $0.isFinite } && result.contains { $0.isNaN })
        #expect(zip(result, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(p)")
      }
    }
  }

  /// The product, each element by one multiply-add after the other and with a sum for every 512 of them.
  private static func fusedLoop(_ p: MatrixProduct, _ a: [Float], _ b: [Float], addedTo start: [Float]?) -> [Float] {
    var result = start ?? [Float](repeating: 0, count: p.rows * p.columns)
    for i in 0..<p.rows {
      for j in 0..<p.columns {
        for block in stride(from: 0, to: p.inner, by: 512) {
          var sum: Float = 0
          for k in block..<min(block + 512, p.inner) {
            sum.addProduct(
              a[p.transposesFirst ? k * p.rows + i : i * p.inner + k],
              b[p.transposesSecond ? j * p.inner + k : k * p.columns + j])
          }
          let isFirst = block == 0 && start == nil
          result[i * p.columns + j] = isFirst ? sum : result[i * p.columns + j] + sum
        }
      }
    }
    return result
  }

  private static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var numbers = [Float](repeating: 0, count: count)
    numbers.withUnsafeMutableBufferPointer { RandomGenerator(seed: seed).uniform(into: $0, low: -1) }
    return numbers
  }

  /// The kernels are chosen that the processor has and whose vectors this thread may use.
  @Test func choiceByVectors() {
    func isOwn(_ bytes: Int) -> Bool {
      Kernels.limitingVectors(to: bytes) {
        MatrixKernel.fastest(for: MatrixProduct(rows: 32, columns: 784, inner: 784, transposesSecond: true)) != nil
      }
    }
    #expect(isOwn(64) == (MatrixKernel.inPlace != nil || MatrixKernel.avx2 != nil))
    #expect(isOwn(32) == (MatrixKernel.avx2 != nil))
    #expect(!isOwn(16))
  }

  /// A vector of few elements is multiplied by a loop, whose bits are the same everywhere.
  @Test func shortRowsAreLeftToTheLoop() {
    for bytes in [64, 32, 16] {
      Kernels.limitingVectors(to: bytes) {
        for (rows, inner) in [(16, 1), (128, 3), (512, 8), (4096, 8)] {
          for transposed in [false, true] {
            let p = MatrixProduct(rows: rows, columns: 1, inner: inner, transposesSecond: transposed)
            #expect(MatrixKernel.fastest(for: p) == nil, "\(p)")
          }
        }
      }
    }
  }

  /// One of many elements is BLAS's, which has kernels for that.
  @Test func longRowsAndVectorsAreLeftToBLAS() {
    for (rows, columns) in [(1, 4096), (4096, 1), (1, 100)] {
      for (first, second) in [(false, false), (false, true), (true, false)] {
        let p = MatrixProduct(
          rows: rows, columns: columns, inner: 1000, transposesFirst: first, transposesSecond: second)
        #expect(MatrixKernel.fastest(for: p) == nil, "\(p)")
      }
    }
  }

  /// Without an instruction that rounds, rounded copies are multiplied by the kernel that takes such a product.
  @Test(
    .enabled(if: MatrixKernel.bfloat16 == nil && MatrixKernel.avx2 != nil, "no such instruction, but AVX2, is wanted"))
  func roundedCopies() {
    let p = MatrixProduct(rows: 32, columns: 40, inner: 600, transposesSecond: true)
    let (a, b) = (Self.numbers(32 * 600, seed: 10), Self.numbers(40 * 600, seed: 11))
    var result = [Float](repeating: 0, count: 32 * 40)
    Way.chosenBFloat16.compute(p, a, b, &result, adding: false)
    func rounded(_ x: [Float]) -> [Float] { x.map { Float(Self.rounded($0)) } }
    let expected = Self.fusedLoop(p, rounded(a), rounded(b), addedTo: nil)
    #expect(result.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  /// A result beyond the cache is written around it.
  @Test(arguments: [Way.inPlace, .packed, .avx2, .packedBFloat16, .chosen, .chosenAVX2])
  func largeResult(_ way: Way) {
    let (rows, columns, inner) = (1100, 2048, 3)
    let a = (0..<(rows * inner)).map { Float($0 % 7) - 3 }
    let b = (0..<(columns * inner)).map { Float($0 % 5) - 2 }
    let c = Tensor.zeros([rows, columns])
    c.withMutableElements(of: Float.self) { c in
      guard let c = c.baseAddress else { return }
      way.compute(
        MatrixProduct(rows: rows, columns: columns, inner: inner, transposesFirst: true), a, b, c, adding: false)
    }
    let found = c.array(of: Float.self)
    for i in stride(from: 0, to: rows, by: 7) {
      for j in stride(from: 0, to: columns, by: 11) {
        let expected = (0..<inner).reduce(Float(0)) { $0 + a[$1 * rows + i] * b[$1 * columns + j] }
        #expect(found[i * columns + j] == expected, "(\(i), \(j))")
      }
    }
  }

  /// Forward and backward products of a layer take rounded factors; what is between them stays float32.
  @Test(arguments: [false, true])
  func layersInBFloat16(generic: Bool) throws {
    manualSeed(0)
    let x = Tensor.rand([70, 60])
    let layer = Linear(60, 50)
    x.requiresGrad = true
    let y = try withProductPrecision(.bfloat16) {
      try Kernels.choosing(generic: generic) {
        let y = layer(x)
        try (y * y).sum().backward()
        return y
      }
    }
    let bias = try #require(layer.bias)
    func values(_ tensor: Tensor) -> [Double] { tensor.array(of: Float.self).map(Double.init) }
    let (inputs, weights) = (rounded(x), rounded(layer.weight))
    let (outputs, biases) = (values(y), values(bias.detached()))
    let slopes = outputs.map { Self.rounded(Float($0 * 2)) }
    let inputGradient = values(try #require(x.grad))
    let weightGradient = values(try #require(layer.weight.grad))
    func sum(_ range: Range<Int>, _ term: (Int) -> Double) -> Double { range.reduce(0) { $0 + term($1) } }
    for i in 0..<70 {
      for j in 0..<50 {
        let expected = sum(0..<60) { inputs[i * 60 + $0] * weights[j * 60 + $0] } + biases[j]
        #expect(abs(outputs[i * 50 + j] - expected) < 1e-5)
      }
      for j in 0..<60 {
        let expected = sum(0..<50) { slopes[i * 50 + $0] * weights[$0 * 60 + j] }
        #expect(abs(inputGradient[i * 60 + j] - expected) < 1e-5)
      }
    }
    for i in 0..<50 {
      for j in 0..<60 {
        let expected = sum(0..<70) { slopes[$0 * 50 + i] * inputs[$0 * 60 + j] }
        #expect(abs(weightGradient[i * 60 + j] - expected) < 1e-4)
      }
    }
  }

  private func rounded(_ tensor: Tensor) -> [Double] { tensor.array(of: Float.self).map(Self.rounded) }
}
