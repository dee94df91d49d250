/// The portable grey and pixel map formats, binary (P5, P6) and plain (P2, P3), with a largest value up to 255.
///
/// Formats: <https://netpbm.sourceforge.net/doc/pgm.html> and <https://netpbm.sourceforge.net/doc/ppm.html>.
enum NetpbmFile {
  /// Whether a file that begins so is of the family, of whatever type: a P and a digit.
  static func isOne(_ start: some Collection<UInt8>) -> Bool {
    let digits = UInt8(ascii: "1")...UInt8(ascii: "7")
    return start.first == UInt8(ascii: "P") && start.dropFirst().first.map(digits.contains) == true
  }

  /// The picture in `bytes`; values are scaled so that the file's largest value becomes 255.
  static func decode(_ bytes: [UInt8], path: String) throws -> Picture {
    let kind = String(decoding: bytes.prefix(2), as: UTF8.self)
    guard ["P2", "P3", "P5", "P6"].contains(kind) else {
      throw FileError(
        path,
        "is a netpbm file of type \(hexadecimal(bytes.prefix(2))), expected P5 or P2 (grey map), P6 or P3 (pixel map)")
    }
    let (isBinary, channels) = (kind == "P5" || kind == "P6", kind == "P3" || kind == "P6" ? 3 : 1)
    var scanner = Scanner(bytes: bytes, position: 2, path: path)
    let width = try scanner.number("width")
    let height = try scanner.number("height")
    let largest = try scanner.number("largest value")
    try Picture.checkSize(width: width, height: height, path: path)
    guard (1...255).contains(largest) else {
      throw FileError(path, "has the largest value \(largest), expected 1 to 255")
    }
    let count = channels * width * height
    var pixels: [UInt8]
    if isBinary {
      let start = scanner.position + 1  // one white space byte ends the header
      guard bytes.count - start >= count else {
        throw FileError(path, "is truncated: \(count) samples expected, \(max(0, bytes.count - start)) found")
      }
      pixels = Array(bytes[start..<start + count])
    } else {
      pixels = []
      for index in 0..<count {
        let value = try scanner.number("sample \(index) of \(count)")
        guard value <= largest else {
          throw FileError(path, "sample \(index) is \(value), expected at most \(largest)")
        }
        pixels.append(UInt8(value))
      }
    }
    if let index = pixels.firstIndex(where: { $0 > largest }) {
      throw FileError(path, "sample \(index) is \(pixels[index]), expected at most \(largest)")
    }
    if largest != 255 {
      pixels = pixels.map { UInt8((Int($0) * 255 + largest / 2) / largest) }
    }
    return Picture(
      width: width, height: height, channels: channels, interleaved: pixels, samplesPerPixel: channels)
  }

  /// Reads decimal numbers between white space and `#` comments.
  private struct Scanner {
    let bytes: [UInt8]
    var position: Int
    let path: String

    mutating func number(_ what: String) throws -> Int {
      while position < bytes.count, isSpace(bytes[position]) || bytes[position] == UInt8(ascii: "#") {
        if bytes[position] == UInt8(ascii: "#") {
          while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        } else {
          position += 1
        }
      }
      let digits = bytes[position...].prefix(10).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      position += digits.count
      guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
        let found = position < bytes.count ? "byte \(hexadecimal([bytes[position]]))" : "the end of the file"
        throw FileError(path, "expected a number (\(what)) at byte \(position), found \(found)")
      }
      return value
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
  }
}
