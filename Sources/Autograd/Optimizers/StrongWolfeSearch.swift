/// Where a search along a direction has asked for the loss.
struct LinePoint {
  let length: Double
  let loss: Double
  let gradient: Tensor
  /// The change of the loss along the direction.
  let slope: Double

  /// Where the cubic polynomial with the losses and slopes of two points is least, within bounds.
  ///
  /// J. Nocedal, S. Wright, "Numerical Optimization", 2nd edition, equation 3.59.
  static func least(_ a: LinePoint, _ b: LinePoint, from lower: Double, to upper: Double) -> Double {
    let (near, far) = a.length <= b.length ? (a, b) : (b, a)
    let d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    let square = d1 * d1 - a.slope * b.slope
    guard square >= 0 else { return (lower + upper) / 2 }
    let d2 = square.squareRoot()
    let place = far.length - (far.length - near.length) * ((far.slope + d2 - d1) / (far.slope - near.slope + 2 * d2))
    return min(max(place, lower), upper)
  }
}

/// A search for a step along a direction after which the loss is smaller, and its slope nearer to 0, by enough: the strong
/// Wolfe conditions.
///
/// J. Nocedal, S. Wright, "Numerical Optimization", 2nd edition, algorithms 3.5 and 3.6, with what `torch.optim.LBFGS` does
/// where an interpolation comes to lie close to the end of its interval.
struct StrongWolfeSearch {
  let start: LinePoint
  let direction: Tensor
  /// The search ends where no parameter can change by more.
  let changeTolerance: Double
  /// The most points after the first.
  let limit: Int

  private static let (sufficientDecrease, curvature) = (1e-4, 0.9)

  /// - Parameters:
  ///   - length: The first that is tried.
  ///   - evaluate: The loss and its gradient so far along the direction.
  func run(
    from length: Double, _ evaluate: (_ length: Double) throws -> (loss: Double, gradient: Tensor)
  ) throws -> LinePoint {
    func point(_ length: Double) throws -> LinePoint {
      let (loss, gradient) = try evaluate(length)
      return LinePoint(length: length, loss: loss, gradient: gradient, slope: gradient.dot(direction))
    }
    var (previous, current) = (start, try point(length))
    var count = 0
    while count < limit {
      if isTooHigh(current) || (count > 1 && current.loss >= previous.loss) { break }
      if isFlat(current) { return current }
      if current.slope >= 0 { break }
      let next = LinePoint.least(
        previous, current, from: current.length + 0.01 * (current.length - previous.length), to: current.length * 10)
      (previous, current) = (current, try point(next))
      count += 1
    }
    return try narrowed(count < limit ? previous : start, current, after: count, point)
  }

  private func isTooHigh(_ point: LinePoint) -> Bool {
    point.loss > start.loss + Self.sufficientDecrease * point.length * start.slope
  }

  private func isFlat(_ point: LinePoint) -> Bool { abs(point.slope) <= -Self.curvature * start.slope }

  /// The lowest point found between two that have one with the conditions between them.
  private func narrowed(
    _ first: LinePoint, _ second: LinePoint, after steps: Int, _ point: (Double) throws -> LinePoint
  ) throws -> LinePoint {
    let largest = direction.abs().maximum().item()
    var ends = [first, second]
    var lowest: Int { ends[0].loss <= ends[1].loss ? 0 : 1 }
    var low = lowest
    var wasCloseToEnd = false
    for _ in steps..<max(steps, limit) {
      let high = 1 - low
      let (left, right) = (min(ends[0].length, ends[1].length), max(ends[0].length, ends[1].length))
      guard !((right - left) * largest < changeTolerance) else { break }
      var length = LinePoint.least(ends[0], ends[1], from: left, to: right)
      let margin = 0.1 * (right - left)
      let isCloseToEnd = min(right - length, length - left) < margin
      if isCloseToEnd && (wasCloseToEnd || length >= right || length <= left) {
        length = abs(length - right) < abs(length - left) ? right - margin : left + margin
        wasCloseToEnd = false
      } else {
        wasCloseToEnd = isCloseToEnd
      }
      let new = try point(length)
      if isTooHigh(new) || new.loss >= ends[low].loss {
        ends[high] = new
        low = lowest
      } else {
        if isFlat(new) { return new }
        if new.slope * (ends[high].length - ends[low].length) >= 0 { ends[high] = ends[low] }
        ends[low] = new
      }
    }
    return ends[low]
  }
}
