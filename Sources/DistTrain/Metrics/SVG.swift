import Foundation

/// Text of an SVG picture, element by element.
struct SVG {
  private var body = ""

  init() {}

  /// Adds an element; `text` becomes its content.
  mutating func add(_ name: String, _ attributes: KeyValuePairs<String, String>, text: String? = nil) {
    let list = attributes.map { " \($0)=\"\(Self.escaped($1))\"" }.joined()
    body += text.map { "  <\(name)\(list)>\(Self.escaped($0))</\(name)>\n" } ?? "  <\(name)\(list)/>\n"
  }

  /// The whole document on a white ground.
  func document(width: Double, height: Double) -> String {
    let (width, height) = (Self.number(width), Self.number(height))
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#333">
        <rect width="\(width)" height="\(height)" fill="white"/>
      \(body)</svg>

      """
  }

  /// A coordinate with at most two decimals.
  static func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    let end = text.lastIndex { $0 != "0" }!
    return String(text[end] == "." ? text[..<end] : text[...end])
  }

  /// Text with XML's special characters replaced; control characters, which XML cannot hold, are left out.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: continue
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
