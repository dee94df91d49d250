extension MetricsHistory {
  /// The learning curve: training loss, raw and smoothed, on the left axis, accuracy on the right, over the steps, with
  /// the end of each epoch marked.
  /// - Parameters:
  ///   - title: The text above the plot.
  ///   - split: The part of the data whose accuracy is drawn.
  public func curve(title: String, split: String = "test") -> LinePlot {
    var plot = LinePlot(title: title, xLabel: "step", leftLabel: "training loss")
    plot.includedX = [0]
    let losses = training.map(\.loss)
    let steps = training.map { Double($0.step) }
    let window = max(1, training.count / 50)
    plot.series.append(
      .init(
        label: window > 1 ? "training loss" : nil, points: zip(steps, losses).map { .init($0, $1) }, color: "#0072B2",
        lineWidth: 1, opacity: 0.3))
    plot.series.append(
      .init(
        label: window > 1 ? "training loss, mean of \(2 * window + 1) records" : "training loss",
        points: zip(steps, movingMeans(losses, reach: window > 1 ? window : 0)).map { .init($0, $1) },
        color: "#0072B2"))

    let evaluated = evaluations.filter { $0.split == split }
    if let last = evaluated.last {
      plot.rightLabel = "\(split) accuracy"
      plot.series.append(
        .init(
          label: "\(split) accuracy (last \(percent(last.accuracy)))",
          points: evaluated.map { .init(Double($0.step), $0.accuracy) }, color: "#D55E00", side: .right,
          markerRadius: 4.5))
    }
    plot.guides = epochEnds.map { .init(x: Double($0.step), label: "epoch \($0.epoch)") }
    return plot
  }

  /// The last recorded step of each epoch.
  private var epochEnds: [(epoch: Int, step: Int)] {
    var ends: [(epoch: Int, step: Int)] = []
    for record in training {
      if ends.last?.epoch == record.epoch { ends.removeLast() }
      ends.append((record.epoch, record.step))
    }
    return ends
  }

  private func percent(_ fraction: Double) -> String {
    guard fraction.isFinite else { return "\(fraction)" }
    let hundredths = Int((fraction * 10_000).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) %"
  }
}

/// Of each value, the mean of it and up to `reach` finite values on either side; a value that is not finite stays.
package func movingMeans(_ values: [Double], reach: Int) -> [Double] {
  var sums = [0.0]
  var counts = [0]
  for value in values {
    sums.append(sums[sums.count - 1] + (value.isFinite ? value : 0))
    counts.append(counts[counts.count - 1] + (value.isFinite ? 1 : 0))
  }
  return values.indices.map { index in
    guard values[index].isFinite else { return values[index] }
    let (low, high) = (max(0, index - reach), min(values.count, index + reach + 1))
    return (sums[high] - sums[low]) / Double(counts[high] - counts[low])
  }
}
