import Autograd
import Testing

/// Images of another size from their nearest pixels, against plain loops.
@Suite struct ResizingTests {
  @Test(arguments: [1, 2, 3, 15, 16, 17], [1, 2, 5]) func enlargesByWholeNumbers(columns: Int, rows: Int) throws {
    let (height, width) = (3, 4)
    let pixels = (0..<2 * height * width).map { Float($0) / 3 }
    let leaf = Tensor(pixels, shape: [1, 2, height, width])
    leaf.requiresGrad = true
    let large = leaf.resized(to: (height * rows, width * columns))
    let sources = (0..<pixels.count * rows * columns).map { (i: Int) -> Int in
      let (y, x) = (i / (width * columns), i % (width * columns))
      return y / rows * width + x / columns
    }
    #expect(large.array(of: Float.self) == sources.map { pixels[$0] })
    let gradients = sources.indices.map { Float($0 % 8) }
    var expected = [Float](repeating: 0, count: pixels.count)
    for (source, gradient) in zip(sources, gradients) { expected[source] += gradient }
    try large.backward(gradient: Tensor(gradients, shape: large.shape))
    #expect(leaf.grad?.array(of: Float.self) == expected)
  }

  @Test func otherSizesTakeWhatPixelsFallOn() {
    let pixels = (0..<20).map { Double($0) }
    let resized = Tensor(pixels, shape: [1, 1, 4, 5]).resized(to: (6, 3)).array(of: Double.self)
    let sources = (0..<18).map { (i: Int) -> Int in
      let (y, x) = (i / 3, i % 3)
      return y * 4 / 6 * 5 + x * 5 / 3
    }
    #expect(resized == sources.map { pixels[$0] })
  }
}
