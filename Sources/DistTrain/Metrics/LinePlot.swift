/// A plot of lines and markers over one horizontal and up to two vertical axes, drawn as SVG without other resources.
///
/// ```swift
/// var plot = LinePlot(title: "Loss against weight", xLabel: "w", leftLabel: "loss")
/// plot.series.append(.init(label: "mean squared error", points: points))
/// let svg = plot.svg()
/// ```
public struct LinePlot: Sendable {
  /// A place in the coordinates of the axes.
  public struct Point: Equatable, Sendable {
    /// The horizontal coordinate.
    public var x: Double
    /// The vertical coordinate; one that is not finite leaves a gap in the line.
    public var y: Double

    /// A place.
    public init(_ x: Double, _ y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// The vertical axis that a series is measured on.
  public enum Side: Sendable {
    /// The axis at the left edge.
    case left
    /// The axis at the right edge.
    case right
  }

  /// Points drawn in one style.
  public struct Series: Sendable {
    /// The text in the legend; none leaves the series out of it.
    public var label: String?
    /// The points, in drawing order.
    public var points: [Point]
    /// A CSS color; none takes the next of ``LinePlot/palette``.
    public var color: String?
    /// The axis it is measured on.
    public var side: Side
    /// The width of the line in pixels; 0 draws none.
    public var lineWidth: Double
    /// From 0 (not to be seen) to 1.
    public var opacity: Double
    /// The radius of a dot at each point in pixels; 0 draws dots only where a line would have a single point.
    public var markerRadius: Double

    /// A series of points.
    public init(
      label: String? = nil, points: [Point], color: String? = nil, side: Side = .left, lineWidth: Double = 2,
      opacity: Double = 1, markerRadius: Double = 0
    ) {
      self.label = label
      self.points = points
      self.color = color
      self.side = side
      self.lineWidth = lineWidth
      self.opacity = opacity
      self.markerRadius = markerRadius
    }
  }

  /// A dotted vertical line with a text that ends at its top.
  public struct Guide: Equatable, Sendable {
    /// Where it stands.
    public var x: Double
    /// Its text.
    public var label: String

    /// A line at `x`.
    public init(x: Double, label: String) {
      self.x = x
      self.label = label
    }
  }

  /// A name of a place on the horizontal axis.
  public struct Name: Equatable, Sendable {
    /// Where it stands.
    public var x: Double
    /// Its text.
    public var text: String

    /// A name at `x`.
    public init(_ x: Double, _ text: String) {
      self.x = x
      self.text = text
    }
  }

  /// Colors that can be told apart, also by the colour-blind (Okabe and Ito, 2008), in the order in which series
  /// take them.
  public static let palette = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

  /// The text above the plot.
  public var title: String
  /// The text below the horizontal axis.
  public var xLabel: String
  /// The text beside the left axis.
  public var leftLabel: String
  /// The text beside the right axis, which is drawn where a series is measured on it.
  public var rightLabel: String
  /// How the left axis is divided.
  public var leftScale: AxisScale
  /// How the right axis is divided.
  public var rightScale: AxisScale
  /// What is drawn, from the back to the front.
  public var series: [Series]
  /// Vertical lines behind the series.
  public var guides: [Guide]
  /// Names on the horizontal axis in place of its numbers.
  public var xNames: [Name]
  /// Values that the horizontal axis holds whatever the series hold, such as 0.
  public var includedX: [Double]
  /// The width of the picture in pixels.
  public var width: Double
  /// The height of the picture in pixels.
  public var height: Double

  /// A plot without series.
  public init(
    title: String, xLabel: String, leftLabel: String, rightLabel: String = "", leftScale: AxisScale = .linear,
    rightScale: AxisScale = .linear, width: Double = 800, height: Double = 500
  ) {
    self.title = title
    self.xLabel = xLabel
    self.leftLabel = leftLabel
    self.rightLabel = rightLabel
    self.leftScale = leftScale
    self.rightScale = rightScale
    self.series = []
    self.guides = []
    self.xNames = []
    self.includedX = []
    self.width = width
    self.height = height
  }
}
