import Foundation

extension LinePlot {
  /// The plot as an SVG document. The same plot gives the same text.
  public func svg() -> String {
    var drawing = Drawing(plot: self)
    drawing.drawAxes()
    drawing.drawGuides()
    drawing.drawSeries()
    drawing.drawLegend()
    return drawing.svg.document(width: width, height: height)
  }

  /// Writes the plot to a file.
  /// - Throws: ``FileError`` where the folder cannot be written to.
  public func write(to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write(svg().utf8)
    try file.commit()
  }
}

/// A plot on its way to SVG: the frame, the axes and what is drawn so far.
private struct Drawing {
  let plot: LinePlot
  let xAxis: Axis
  let leftAxis: Axis
  let rightAxis: Axis?
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double
  var svg = SVG()

  init(plot: LinePlot) {
    self.plot = plot
    let hasRightAxis = plot.series.contains { $0.side == .right }
    let isLegendShown = plot.series.contains { $0.label != nil }
    func values(_ side: LinePlot.Side) -> [Double] {
      plot.series.filter { $0.side == side }.flatMap { $0.points.map(\.y) }
    }
    xAxis = Axis(
      values: plot.series.flatMap { $0.points.map(\.x) } + plot.guides.map(\.x) + plot.xNames.map(\.x) + plot.includedX,
      isPadded: false,
      tickCount: 8)
    leftAxis = Axis(values: values(.left), scale: plot.leftScale)
    rightAxis = hasRightAxis ? Axis(values: values(.right), scale: plot.rightScale) : nil
    left = Self.margin(leftAxis)
    right = plot.width - (rightAxis.map(Self.margin) ?? 28)
    top = 44 + (isLegendShown ? 24 : 0) + (plot.guides.isEmpty ? 0 : 18)
    bottom = plot.height - 58
  }

  /// The room beside the plot for an axis: its longest tick label, about 8 units a character, and its title.
  private static func margin(_ axis: Axis) -> Double {
    max(76, 44 + 8 * Double(axis.ticks.map { axis.label($0).count }.max() ?? 0))
  }

  private func x(_ value: Double) -> Double? { xAxis.fraction(value).map { left + $0 * (right - left) } }

  private func y(_ value: Double, _ axis: Axis) -> Double? { axis.fraction(value).map { bottom - $0 * (bottom - top) } }

  private func axis(_ side: LinePlot.Side) -> Axis { side == .right ? rightAxis ?? leftAxis : leftAxis }

  private mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, color: String, dashes: String = "none"
  ) {
    svg.add(
      "line",
      [
        "x1": SVG.number(x1), "y1": SVG.number(y1), "x2": SVG.number(x2), "y2": SVG.number(y2), "stroke": color,
        "stroke-dasharray": dashes,
      ])
  }

  private mutating func text(_ text: String, _ x: Double, _ y: Double, anchor: String = "middle", size: Double = 13) {
    svg.add(
      "text",
      ["x": SVG.number(x), "y": SVG.number(y), "text-anchor": anchor, "font-size": SVG.number(size)], text: text)
  }

  /// A text that runs upwards (`turn` -90) or downwards (90), centred on the height of the frame.
  private mutating func uprightText(_ text: String, x: Double, turn: Int) {
    let place = "\(SVG.number(x)) \(SVG.number((top + bottom) / 2))"
    svg.add(
      "text", ["transform": "translate(\(place)) rotate(\(turn))", "text-anchor": "middle", "font-size": "14"],
      text: text)
  }

  mutating func drawAxes() {
    svg.add(
      "text",
      ["x": SVG.number(plot.width / 2), "y": "28", "text-anchor": "middle", "font-size": "18", "font-weight": "bold"],
      text: plot.title)
    for tick in leftAxis.ticks {
      guard let y = y(tick, leftAxis) else { continue }
      line(left, y, right, y, color: "#e4e4e4")
      text(leftAxis.label(tick), left - 8, y + 4.5, anchor: "end")
    }
    let xNames = plot.xNames.isEmpty ? xAxis.ticks.map { LinePlot.Name($0, xAxis.label($0)) } : plot.xNames
    for name in xNames {
      guard let x = x(name.x) else { continue }
      line(x, bottom, x, bottom + 5, color: "#555")
      text(name.text, x, bottom + 20)
    }
    if let rightAxis {
      for tick in rightAxis.ticks {
        guard let y = y(tick, rightAxis) else { continue }
        line(right, y, right + 5, y, color: "#555")
        text(rightAxis.label(tick), right + 9, y + 4.5, anchor: "start")
      }
      line(right, top, right, bottom, color: "#555")
      uprightText(plot.rightLabel, x: plot.width - 20, turn: 90)
    }
    line(left, bottom, right, bottom, color: "#555")
    line(left, top, left, bottom, color: "#555")
    text(plot.xLabel, (left + right) / 2, plot.height - 14, size: 14)
    uprightText(plot.leftLabel, x: 22, turn: -90)
  }

  mutating func drawGuides() {
    var freeFrom = -Double.infinity
    for guide in plot.guides {
      guard let x = x(guide.x) else { continue }
      line(x, top, x, bottom, color: "#bbb", dashes: "2 4")
      let start = x - estimatedWidth(guide.label, size: 11)
      if start >= freeFrom {
        text(guide.label, x, top - 6, anchor: "end", size: 11)
        freeFrom = x + 6
      }
    }
  }

  /// The colors of the series: their own, or the next of the palette.
  private var colors: [String] {
    var next = 0
    return plot.series.map { series in
      if let color = series.color { return color }
      defer { next += 1 }
      return LinePlot.palette[next % LinePlot.palette.count]
    }
  }

  mutating func drawSeries() {
    for (series, color) in zip(plot.series, colors) {
      let axis = axis(series.side)
      let runs = series.points.split { x($0.x) == nil || y($0.y, axis) == nil }.map { run in
        run.map { LinePlot.Point(x($0.x) ?? 0, y($0.y, axis) ?? 0) }
      }
      if series.lineWidth > 0 {
        for run in runs where run.count > 1 {
          let path = thinned(run).map { "\(SVG.number($0.x)),\(SVG.number($0.y))" }.joined(separator: " ")
          svg.add(
            "polyline",
            [
              "points": path, "fill": "none", "stroke": color, "stroke-width": SVG.number(series.lineWidth),
              "stroke-opacity": SVG.number(series.opacity), "stroke-linejoin": "round", "stroke-linecap": "round",
            ])
        }
      }
      // A line of one point could not be seen.
      let dots = series.markerRadius > 0 ? runs : runs.filter { $0.count == 1 }
      let radius = series.markerRadius > 0 ? series.markerRadius : 1.5 * series.lineWidth
      if radius > 0 {
        for point in dots.joined() {
          svg.add(
            "circle",
            [
              "cx": SVG.number(point.x), "cy": SVG.number(point.y), "r": SVG.number(radius),
              "fill": color, "fill-opacity": SVG.number(series.opacity), "stroke": "white",
            ])
        }
      }
    }
  }

  /// Keeps of each half pixel of width the first, lowest, highest and last point, which looks the same and keeps the
  /// file small however long the run.
  private func thinned(_ points: [LinePlot.Point]) -> [LinePlot.Point] {
    guard points.count > Int(4 * plot.width) else { return points }
    var kept: [LinePlot.Point] = []
    var start = 0
    while start < points.count {
      let column = floor(points[start].x * 2)
      let end = points[start...].firstIndex { floor($0.x * 2) != column } ?? points.count
      let indices = start..<end
      let lowest = indices.min { points[$0].y < points[$1].y } ?? start
      let highest = indices.max { points[$0].y < points[$1].y } ?? start
      kept += Set([start, lowest, highest, end - 1]).sorted().map { points[$0] }
      start = end
    }
    return kept
  }

  /// Sans-serif letters are about 0.55 of their size wide.
  private func estimatedWidth(_ text: String, size: Double) -> Double { Double(text.count) * size * 0.55 }

  /// One row below the title, centred.
  mutating func drawLegend() {
    let shown = zip(plot.series, colors).compactMap { series, color in series.label.map { ($0, series, color) } }
    let (sample, gap) = (26.0, 22.0)
    let widths = shown.map { sample + 6 + estimatedWidth($0.0, size: 13) }
    var x = (plot.width - widths.reduce(0, +) - gap * Double(max(shown.count - 1, 0))) / 2
    for ((label, series, color), width) in zip(shown, widths) {
      if series.lineWidth > 0 {
        svg.add(
          "line",
          [
            "x1": SVG.number(x), "y1": "48", "x2": SVG.number(x + sample), "y2": "48", "stroke": color,
            "stroke-width": SVG.number(series.lineWidth), "stroke-opacity": SVG.number(series.opacity),
          ])
      }
      if series.markerRadius > 0 {
        svg.add(
          "circle",
          [
            "cx": SVG.number(x + sample / 2), "cy": "48", "r": SVG.number(series.markerRadius), "fill": color,
            "stroke": "white",
          ])
      }
      text(label, x + sample + 6, 52.5, anchor: "start")
      x += width + gap
    }
  }
}
