import Autograd
import Testing

/// Orders and cumulative sums, against plain loops.
@Suite struct OrderingTests {
  /// Around the number of elements up to which they are inserted one by one, and beyond it.
  private static let counts = [0, 1, 2, 31, 32, 33, 64, 100, 257, 1000, 70_000]

  /// Few different numbers, so that many are equal, and those that are no numbers.
  private func numbers(_ count: Int) -> [Double] {
    let special = [.nan, -.infinity, .infinity, -0.0, 0.0, -.nan, 1e-300, -1e-300, 1e-45, -1e-45]
    return (0..<count).map { (i: Int) -> Double in
      let number = i &* 7919 % 1009
      return number < special.count ? special[number] : Double(number % 97 - 48) * 0.37
    }
  }

  /// The places of elements in order, those of equal ones as they were.
  private func order<T>(_ elements: [T], _ precedes: (T, T) -> Bool) -> [Int] {
    elements.indices.sorted { a, b in
      precedes(elements[a], elements[b]) || (a < b && !precedes(elements[b], elements[a]))
    }
  }

  /// Whether a number comes before another, NaN being larger than everything.
  private func precedes<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> Bool { a < b || (b.isNaN && !a.isNaN) }

  private func expectOrder<T: TensorElement>(_ elements: [T], _ descending: Bool, _ precedes: (T, T) -> Bool) {
    let expected = order(elements) { descending ? precedes($1, $0) : precedes($0, $1) }
    let (values, places) = Tensor(elements, shape: [elements.count]).sorted(descending: descending)
    #expect(places.array(of: Int.self) == expected)
    #expect(values.array(of: T.self).map { "\($0)" } == expected.map { "\(elements[$0])" })
  }

  @Test(arguments: counts, [false, true]) func ordersNumbers(count: Int, descending: Bool) {
    expectOrder(numbers(count), descending, precedes)
    expectOrder(numbers(count).map { Float($0) }, descending, precedes)
  }

  @Test(arguments: counts, [false, true]) func ordersIntegers(count: Int, descending: Bool) {
    let extremes: [Int64] = [.min, .max, -1, 0, 1, 1 << 40, -1 << 40]
    let integers = (0..<count).map { (i: Int) -> Int64 in
      let small = Int64(i &* 7919 % 211 - 100)
      return i % 5 == 0 ? extremes[i / 5 % 7] : small
    }
    expectOrder(integers, descending, <)
  }

  /// The largest are the first in descending order, those of equal ones that are first.
  private func expectTop<T: TensorElement>(_ elements: [T], _ dimensions: [Int]) {
    let x = Tensor(elements, shape: dimensions)
    for dimension in dimensions.indices {
      let sorted = x.sorted(along: dimension, descending: true)
      let size = dimensions[dimension]
      for count in Set([0, 1, 2, 31, 40, size / 3, size - 1, size]) where (0...size).contains(count) {
        let (values, places) = x.topK(count, along: dimension)
        let expected = sorted.indices.sliced(0..<count, along: dimension)
        #expect(places.shape == expected.shape && places.array(of: Int.self) == expected.array(of: Int.self))
        let largest = sorted.values.sliced(0..<count, along: dimension)
        #expect(values.array(of: T.self).map { "\($0)" } == largest.array(of: T.self).map { "\($0)" })
      }
    }
  }

  @Test(arguments: [[1], [33], [3000], [40, 35], [3, 200, 5]]) func theLargest(shape: [Int]) {
    let count = shape.reduce(1, *)
    expectTop(numbers(count), shape)
    expectTop(numbers(count).map { Float($0) }, shape)
    expectTop((0..<count).map { Float($0) }, shape)
    expectTop((0..<count).map { -Double($0) }, shape)
    expectTop(
      (0..<count).map { (i: Int) -> Int64 in i % 7 == 0 ? [.min, .max][i % 2] : Int64(i &* 7919 % 101) }, shape)
    expectTop([Int64](repeating: .min, count: count), shape)
    expectTop([Double](repeating: -.infinity, count: count), shape)
  }

  @Test(arguments: 0..<3) func ordersAlongEveryDimension(dimension: Int) {
    let shape = [3, 40, 35]
    let x = Tensor(numbers(shape.reduce(1, *)).map { Float($0) }, shape: shape)
    let places = x.sorted(along: dimension).indices.transposed(dimension, 2).array(of: Int.self)
    let rows = x.transposed(dimension, 2).array(of: Float.self)
    for start in stride(from: 0, to: rows.count, by: shape[dimension]) {
      let row = start..<start + shape[dimension]
      #expect(Array(places[row]) == order(Array(rows[row]), precedes))
    }
  }

  /// The sums of `x`, of shape [outer, reduced, inner], along the middle dimension.
  private func sums<T, Sum>(
    _ x: [T], _ reduced: Int, _ inner: Int, reversed: Bool, _ zero: Sum, _ add: (Sum, T) -> Sum, _ read: (Sum) -> T
  ) -> [T] {
    var result = x
    for start in stride(from: 0, to: x.count, by: max(reduced * inner, 1)) {
      for column in 0..<inner {
        var sum = zero
        for step in 0..<reduced {
          let at = start + (reversed ? reduced - 1 - step : step) * inner + column
          sum = add(sum, x[at])
          result[at] = read(sum)
        }
      }
    }
    return result
  }

  @Test(arguments: [0, 1, 2, 33], [1, 2, 63, 64, 65, 130]) func sumsUpToEach(reduced: Int, inner: Int) throws {
    let shape = [3, reduced, inner]
    let x = (0..<3 * reduced * inner).map { (i: Int) -> Float in Float(i &* 7919 % 1009) * 0.1 - 50 }
    let sumsOfX = sums(x, reduced, inner, reversed: false, 0.0, { $0 + Double($1) }, { Float($0) })
    #expect(Tensor(x, shape: shape).cumulativeSum(1).array(of: Float.self) == sumsOfX)
    let doubles = x.map { Double($0) }
    let sumsOfDoubles = sums(doubles, reduced, inner, reversed: false, 0.0, { $0 + $1 }, { $0 })
    #expect(Tensor(doubles, shape: shape).cumulativeSum(1).array(of: Double.self) == sumsOfDoubles)
    let integers = x.map { Int64($0) << 58 }
    let sumsOfIntegers = sums(integers, reduced, inner, reversed: false, Int64(0), { $0 &+ $1 }, { $0 })
    #expect(Tensor(integers, shape: shape).cumulativeSum(1).array(of: Int64.self) == sumsOfIntegers)

    let leaf = Tensor(x, shape: shape)
    leaf.requiresGrad = true
    try leaf.cumulativeSum(1).backward(gradient: Tensor(x, shape: shape))
    let gradient = sums(x, reduced, inner, reversed: true, 0.0, { $0 + Double($1) }, { Float($0) })
    #expect(leaf.grad?.array(of: Float.self) == gradient)
  }

  @Test func sumsAfterWhatIsNoNumber() {
    let sums = Tensor([1, Float.infinity, 2, -.infinity, 3], shape: [5]).cumulativeSum(0).array(of: Float.self)
    #expect(sums[0] == 1 && sums[1] == .infinity && sums[2] == .infinity && sums[3].isNaN && sums[4].isNaN)
  }
}
