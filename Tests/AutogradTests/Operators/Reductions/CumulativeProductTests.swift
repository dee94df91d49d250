import Autograd
import Testing

struct CumulativeProductTests {
  /// More columns than are computed at a time; a fifth of the elements are 0.
  static let shapes = [[3, 1], [2, 7, 1], [2, 5, 67], [1, 4, 128]]

  @Test(arguments: shapes) func `products and their gradients are those of plain loops`(shape: [Int]) throws {
    let generator = RandomGenerator(seed: 3)
    let drawn = Tensor.rand(shape, low: -2, high: 2, dtype: .float64, generator: generator)
    let values = (drawn * (Tensor.rand(shape, generator: generator) .> 0.2).cast(to: .float64)).array(of: Double.self)
    let gradient = Tensor.rand(shape, low: -1, high: 1, dtype: .float64, generator: generator)
    let given = gradient.array(of: Double.self)
    let (length, inner) = shape.count == 2 ? (shape[0], shape[1]) : (shape[1], shape[2])

    var products = values
    var expected = [Double](repeating: 0, count: values.count)
    for column in 0..<values.count / length {
      let places = (0..<length).map { (column / inner * length + $0) * inner + column % inner }
      for (row, place) in places.enumerated() {
        products[place] = places[...row].reduce(1) { $0 * values[$1] }
        for changed in places[...row] {
          expected[changed] += given[place] * places[...row].reduce(1) { $1 == changed ? $0 : $0 * values[$1] }
        }
      }
    }
    let x = Tensor(values, shape: shape)
    x.requiresGrad = true
    let found = x.cumulativeProduct(shape.count - 2)
    #expect(distance(found, products) < 1e-13)
    #expect(distance(try gradients(of: found, withRespectTo: [x], gradient: gradient)[0], expected) < 1e-13)
    let recorded = try gradients(
      of: x.cumulativeProduct(shape.count - 2), withRespectTo: [x], gradient: gradient, createGraph: true)[0]
    #expect(distance(recorded, expected) < 1e-13)
  }

  private func distance(_ found: Tensor, _ expected: [Double]) -> Double {
    zip(found.detached().array(of: Double.self), expected).map { abs($0 - $1) }.max() ?? .infinity
  }
}
