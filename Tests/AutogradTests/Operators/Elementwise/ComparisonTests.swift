import Autograd
import Testing

/// Comparisons and bounds of as many elements as vectors have, and around that, against those of the language.
@Suite struct ComparisonTests {
  private static let counts = [0, 1, 15, 16, 17, 33, 100]

  private func numbers(_ count: Int, _ factor: Int) -> [Float] {
    let special: [Float] = [.nan, .infinity, -.infinity, -0.0, 0, .leastNonzeroMagnitude]
    return (0..<count).map { special[$0 &* factor % 6] }
  }

  @Test(arguments: counts) func comparesNumbers(count: Int) {
    let (a, b) = (numbers(count, 1), numbers(count, 5))
    let (x, y) = (Tensor(a, shape: [count]), Tensor(b, shape: [count]))
    func expect(_ tensor: Tensor, _ isTrue: (Float, Float) -> Bool) {
      #expect(tensor.array(of: Bool.self) == zip(a, b).map(isTrue))
      #expect((!tensor).array(of: Bool.self) == zip(a, b).map { !isTrue($0, $1) })
    }
    expect(x .== y, ==)
    expect(x .!= y, !=)
    expect(x .< y, <)
    expect(x .<= y, <=)
    expect(x .!= 0) { a, _ in a != 0 }
    expect(x.isNaN()) { a, _ in a.isNaN }
  }

  @Test(arguments: counts, [DataType.float32, .float64]) func boundsNumbers(count: Int, dtype: DataType) {
    let a = numbers(count, 5)
    for (low, high) in [(-1, 2), (0, .infinity), (0x1p-140, 0x1p-130), (3, -3)] as [(Float, Float)] {
      let found = Tensor(a, shape: [count]).cast(to: dtype).clamped(min: Double(low), max: Double(high))
      for (found, x) in zip(found.cast(to: .float32).array(of: Float.self), a) {
        #expect(x.isNaN ? found.isNaN : found == min(max(x, low), high), "\(x) between \(low) and \(high)")
      }
    }
  }

  @Test(arguments: counts) func comparesIntegersAndTruthValues(count: Int) {
    let integers = (0..<count).map { Int64.max - Int64($0 % 3) }
    let x = Tensor(integers, shape: [count])
    #expect((x .!= Tensor([Int64.max], shape: [1])).array(of: Bool.self) == integers.map { $0 != .max })
    let truths = integers.map { $0 == .max }
    let isTrue = Tensor(truths, shape: [count])
    #expect((isTrue .!= Tensor([true], shape: [1])).array(of: Bool.self) == truths.map { !$0 })
    #expect(isTrue.cast(to: .int64).array(of: Int64.self) == truths.map { $0 ? 1 : 0 })
    #expect(isTrue.cast(to: .float64).array(of: Double.self) == truths.map { $0 ? 1 : 0 })
  }
}
