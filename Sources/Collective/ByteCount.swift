/// Numbers of bytes as a person writes them.
package enum ByteCount {
  /// What a person should write.
  package static let expectation = "a number of bytes such as 4096, 256K, 256KiB or 1M"

  private static let units = [("K", 10), ("M", 20), ("G", 30)]

  /// The number that a text such as `4096`, `256K`, `256KiB` or `1m` names, with K, M and G for 2¹⁰, 2²⁰ and 2³⁰; nil
  /// for another text and below 1.
  package static func parse(_ text: some StringProtocol) -> Int? {
    let text = text.uppercased()
    for (letter, shift) in units {
      for unit in [letter, "\(letter)IB"] where text.hasSuffix(unit) {
        return parse(text.dropLast(unit.count), factor: 1 << shift)
      }
    }
    return parse(text[...], factor: 1)
  }

  /// The number with the largest unit that divides it, as ``parse(_:)`` reads it.
  package static func text(_ count: Int) -> String {
    let unit = units.last { count > 0 && count.isMultiple(of: 1 << $0.1) }
    return unit.map { "\(count >> $0.1)\($0.0)iB" } ?? "\(count)"
  }

  private static func parse(_ digits: Substring, factor: Int) -> Int? {
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits), number > 0 else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }
}
