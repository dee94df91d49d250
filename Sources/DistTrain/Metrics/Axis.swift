import Foundation

/// How values are laid along an axis.
public enum AxisScale: Sendable {
  /// Equal steps for equal differences.
  case linear
  /// Equal steps for equal ratios; values that are not above zero are left out.
  case logarithmic
}

/// A range of values, the ticks that divide it and the place of a value in it.
package struct Axis: Equatable {
  package let scale: AxisScale
  /// The values at the two ends.
  package let range: ClosedRange<Double>
  /// The values that get a tick, rising.
  package let ticks: [Double]

  /// An axis that holds `values`, its ends widened to the next ticks where `isPadded` is true.
  package init(values: some Sequence<Double>, scale: AxisScale = .linear, isPadded: Bool = true, tickCount: Int = 6) {
    self.scale = scale
    let usable = values.filter { $0.isFinite && (scale == .linear || $0 >= 1e-300) }.map { min(max($0, -1e300), 1e300) }
    let low = usable.min() ?? (scale == .linear ? 0 : 1)
    let high = usable.max() ?? low
    switch scale {
    case .linear:
      (range, ticks) = Self.linear(low, high, isPadded: isPadded, tickCount: tickCount)
    case .logarithmic:
      (range, ticks) = Self.logarithmic(low, high)
    }
  }

  /// Where `value` lies between the ends, 0 to 1; nil where the scale has no place for it.
  package func fraction(_ value: Double) -> Double? {
    switch scale {
    case .linear:
      return value.isFinite ? (value - range.lowerBound) / (range.upperBound - range.lowerBound) : nil
    case .logarithmic:
      guard value.isFinite, value > 0 else { return nil }
      return log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
  }

  /// About `tickCount` ticks, at multiples of 1, 2, 2.5 or 5 times a power of ten.
  private static func linear(
    _ low: Double, _ high: Double, isPadded: Bool, tickCount: Int
  ) -> (ClosedRange<Double>, [Double]) {
    let isPoint = high - low <= max(1e-12 * max(abs(low), abs(high)), 1e-300)
    let margin = isPoint ? max(abs(low) / 2, 0.5) : 0
    let (low, high) = (low < 0 ? low - margin : max(low - margin, 0), high + margin)
    let rough = (high - low) / Double(max(tickCount - 1, 1))
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 2.5, 5].first { power * $0 >= rough * 0.8 } ?? 10)
    let outward = isPadded && !isPoint
    let first = outward ? floor(low / step + 1e-9) : ceil(low / step - 1e-9)
    let last = outward ? ceil(high / step - 1e-9) : floor(high / step + 1e-9)
    let ticks = stride(from: first, through: last, by: 1).map { $0 * step }
    return (outward ? ticks.first!...ticks.last! : low...high, ticks)
  }

  /// Ticks at powers of ten, and at 2 and 5 times them where the range spans few powers.
  private static func logarithmic(_ low: Double, _ high: Double) -> (ClosedRange<Double>, [Double]) {
    let (first, last) = (floor(log10(low)), ceil(log10(high)))
    let mantissas: [Double] = last - first <= 2 ? [1, 2, 5] : [1]
    let every = max(1, ((last - first) / 8).rounded(.up))
    let candidates = stride(from: first, through: last, by: every).flatMap { power in
      mantissas.map { $0 * pow(10, power) }
    }
    let lower = candidates.last { $0 <= low * 1.000001 } ?? pow(10, first)
    var upper = candidates.first { $0 >= high * 0.999999 } ?? pow(10, last)
    if upper <= lower { upper = lower * 10 }
    return (lower...upper, candidates.filter { (lower * 0.999999...upper * 1.000001).contains($0) })
  }

  /// The text of a tick: as many decimals as the ticks need to differ, thousands with a thin space, powers of ten past
  /// that.
  package func label(_ value: Double) -> String {
    if scale == .logarithmic || ticks.contains(where: { abs($0) >= 1e7 || ($0 != 0 && abs($0) < 1e-4) }) {
      return String(format: "%g", value)
    }
    let decimals = (0...6).first { digits in
      ticks.allSatisfy { tick in
        let scaled = tick * pow(10, Double(digits))
        return abs(scaled - scaled.rounded()) < 1e-6
      }
    }
    let text = String(format: "%.\(decimals ?? 6)f", value == 0 ? 0 : value)
    guard decimals == 0, abs(value) >= 10_000 else { return text }
    let digits = text.drop { $0 == "-" }
    let grouped = digits.enumerated().map { index, digit in
      index > 0 && (digits.count - index) % 3 == 0 ? "\u{2009}\(digit)" : "\(digit)"
    }
    return (value < 0 ? "-" : "") + grouped.joined()
  }
}
