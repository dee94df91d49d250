import DistTrain
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Counts the elements of an XML document, and keeps its texts and attributes.
final class XMLContents: NSObject, XMLParserDelegate {
  var counts: [String: Int] = [:]
  var attributes: [String: [[String: String]]] = [:]
  var texts: [String] = []
  private var text = ""

  /// Nil where the document is not well-formed.
  init?(_ document: String) {
    super.init()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    counts[name, default: 0] += 1
    self.attributes[name, default: []].append(attributes)
    text = ""
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    if name == "text" { texts.append(text) }
  }
}

struct LinePlotTests {
  @Test func drawsSeriesAxesAndLegend() throws {
    var plot = LinePlot(title: "a < b & \"c\"\u{7}", xLabel: "w", leftLabel: "loss", rightLabel: "accuracy")
    plot.series = [
      .init(label: "first", points: [.init(0, 0), .init(1, 1), .init(2, .nan), .init(3, 0), .init(4, 1)]),
      .init(label: "second", points: [.init(0, 10), .init(4, 20)], side: .right, lineWidth: 0, markerRadius: 3),
    ]
    plot.guides = [.init(x: 2, label: "epoch 1")]
    let svg = try #require(XMLContents(plot.svg()))
    #expect(svg.counts["polyline"] == 2)
    #expect(svg.counts["circle"] == 3)
    for text in ["a < b & \"c\"", "w", "loss", "accuracy", "first", "second", "epoch 1", "0.2", "14"] {
      #expect(svg.texts.contains(text), "\(text) of \(svg.texts)")
    }
    let lines = try #require(svg.attributes["polyline"])
    #expect(lines[0]["points"] == "76,442 238,86")
    #expect(lines.allSatisfy { $0["stroke"] == LinePlot.palette[0] })
    #expect(svg.attributes["circle"]?.first?["fill"] == LinePlot.palette[1])
    #expect(!plot.svg().contains("href") && plot.svg() == plot.svg())
  }

  @Test func namesTakeThePlaceOfNumbers() throws {
    var plot = LinePlot(title: "", xLabel: "neuron", leftLabel: "activation")
    plot.series = [.init(points: [.init(1, 0), .init(2, 1)])]
    plot.xNames = [.init(1, "input"), .init(2, "hidden"), .init(3, "output")]
    let texts = try #require(XMLContents(plot.svg())).texts
    #expect(texts.filter { ["input", "hidden", "output"].contains($0) }.count == 3)
    #expect(!texts.contains("1.5"))
  }

  @Test func aPlotOfNothingIsADocument() throws {
    #expect(XMLContents(LinePlot(title: "", xLabel: "", leftLabel: "").svg()) != nil)
    #expect(XMLContents(MetricsHistory().curve(title: "no step").svg()) != nil)
  }

  @Test func longSeriesAreThinnedWithTheirExtremes() throws {
    var plot = LinePlot(title: "", xLabel: "", leftLabel: "")
    plot.series = [.init(points: (0..<200_000).map { .init(Double($0), $0 == 77_777 ? 10 : Double($0 % 2)) })]
    let points = try #require(XMLContents(plot.svg())?.attributes["polyline"]?.first?["points"]).split(separator: " ")
    #expect(points.count < 8 * 800)
    #expect(points.contains { $0.hasSuffix(",44") })
    #expect(points.first == "76,442" && points.last?.hasPrefix("772,") == true)
  }

  @Test func logarithmicAxesLeaveOutWhatIsNotPositive() throws {
    var plot = LinePlot(title: "", xLabel: "", leftLabel: "", leftScale: .logarithmic)
    plot.series = [.init(points: [.init(0, 1), .init(1, 0), .init(2, 100), .init(3, 1000)])]
    let svg = try #require(XMLContents(plot.svg()))
    #expect(svg.counts["polyline"] == 1 && svg.counts["circle"] == 1)
  }

  @Test func `a curve of one record is a dot, and its axes have no values below zero`() throws {
    var history = MetricsHistory()
    history.training = [.init(step: 1, epoch: 1, loss: 2.3, learningRate: 0.1, samplesPerSecond: 1)]
    history.evaluations = [.init(step: 1, epoch: 1, split: "test", loss: 2.3, accuracy: 0.1, count: 10)]
    let svg = try #require(XMLContents(history.curve(title: "run").svg()))
    #expect(svg.counts["polyline"] == nil)
    // Of the loss and its mean, of the accuracy, and in the legend.
    #expect(svg.attributes["circle"]?.map { $0["r"] } == ["1.5", "3", "4.5", "4.5"])
    #expect(!svg.texts.contains { $0.hasPrefix("-") } && svg.texts.contains("0.6"), "\(svg.texts)")
  }

  @Test func theCurveShowsLossAccuracyAndEpochs() throws {
    var history = MetricsHistory()
    for step in 1...300 {
      history.training.append(
        .init(
          step: step, epoch: (step - 1) / 100 + 1, loss: 1 / Double(step), learningRate: 0.1, samplesPerSecond: 1))
    }
    for epoch in 1...3 {
      history.evaluations.append(
        .init(step: epoch * 100, epoch: epoch, split: "test", loss: 1, accuracy: 0.9005, count: 10))
    }
    let svg = try #require(XMLContents(history.curve(title: "run").svg()))
    #expect(svg.counts["polyline"] == 3)
    for text in ["epoch 1", "epoch 2", "epoch 3", "test accuracy (last 90.05 %)", "training loss", "step", "run"] {
      #expect(svg.texts.contains(text))
    }
  }

  @Test func movingMeansLeaveGapsWhereTheyAre() {
    let means = movingMeans([1, 3, .nan, 5, 7], reach: 1)
    #expect(means[0] == 2 && means[1] == 2 && means[2].isNaN && means[3] == 6 && means[4] == 6)
    #expect(movingMeans([4, 5], reach: 0) == [4, 5])
  }

  @Test func namesAFolderThatCannotBeWrittenTo() {
    let plot = LinePlot(title: "", xLabel: "", leftLabel: "")
    #expect(fileErrorMessage { try plot.write(to: "/none/curve.svg") }.contains("cannot write in the folder /none"))
  }
}
