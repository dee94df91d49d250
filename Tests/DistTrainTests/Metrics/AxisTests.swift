import DistTrain
import Testing

struct AxisTests {
  @Test func linearTicksAreRound() {
    let axis = Axis(values: [0.13, 2.31])
    #expect(axis.ticks == [0, 0.5, 1, 1.5, 2, 2.5])
    #expect(axis.range == 0...2.5)
    #expect(axis.ticks.map(axis.label) == ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"])
    #expect(axis.fraction(1.25) == 0.5)
    #expect(axis.fraction(.nan) == nil)
  }

  @Test func unpaddedAxesEndAtTheirValues() {
    let axis = Axis(values: [1, 2814], isPadded: false, tickCount: 8)
    #expect(axis.range == 1...2814)
    #expect(axis.ticks == [500, 1000, 1500, 2000, 2500])
  }

  @Test(arguments: [(0.1, 0...0.6), (0, 0...0.5), (3, 1.5...4.5), (-0.1, -0.6...0.4)])
  func `a single value has room on both sides, but not below zero where it is not`(
    _ value: Double, _ expected: ClosedRange<Double>
  ) {
    #expect(Axis(values: [value, value]).range == expected)
  }

  @Test func logarithmicTicksArePowersOfTen() {
    let wide = Axis(values: [0.002, 900, -3, 0, .infinity], scale: .logarithmic)
    #expect(wide.ticks.map(wide.label) == ["0.001", "0.01", "0.1", "1", "10", "100", "1000"])
    #expect(abs(wide.fraction(1)! - 0.5) < 1e-12)
    #expect(wide.fraction(0) == nil)
    let narrow = Axis(values: [1.1, 4], scale: .logarithmic)
    #expect(narrow.ticks == [1, 2, 5])
  }

  @Test func labelsHaveTheDecimalsTheyNeed() {
    let large = Axis(values: [0, 50_000])
    #expect(
      large.ticks.map(large.label) == [
        "0", "10\u{2009}000", "20\u{2009}000", "30\u{2009}000", "40\u{2009}000", "50\u{2009}000",
      ])
    let tiny = Axis(values: [0, 1e-5])
    #expect(tiny.label(2e-6) == "2e-06")
  }

  @Test(
    arguments: [
      [], [.nan], [3], [0, 0], [-5, -5], [1e300, -1.7e308], [0, 2.5e-308], [1, 1 + 1e-15], [2.5e-308, 1e308],
      [-1e-5, 1e5],
    ] as [[Double]])
  func everyRangeGivesAnAxis(values: [Double]) {
    for scale in [AxisScale.linear, .logarithmic] {
      for isPadded in [true, false] {
        let axis = Axis(values: values, scale: scale, isPadded: isPadded)
        #expect(axis.ticks.count >= 2 && axis.ticks.count < 40)
        #expect(axis.range.lowerBound < axis.range.upperBound)
        #expect(axis.ticks == axis.ticks.sorted() && axis.ticks.allSatisfy(\.isFinite))
      }
    }
  }
}
