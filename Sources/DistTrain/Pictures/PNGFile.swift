/// PNG of every kind: grey, grey and alpha, RGB, RGBA and palette, of 1 to 16 bits, interlaced or not. Alpha is ignored, and
/// of 16 bits the upper 8 are taken.
///
/// Format: <https://www.w3.org/TR/png-3/>.
package enum PNGFile {
  /// The eight bytes every PNG starts with.
  package static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  enum ColorType: UInt8 {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgba = 6

    var channels: Int {
      switch self {
      case .gray, .palette: 1
      case .grayAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }

    /// How many bits a channel may have.
    var depths: [Int] {
      switch self {
      case .gray: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .grayAlpha, .rgb, .rgba: [8, 16]
      }
    }
  }

  struct Header {
    let width: Int
    let height: Int
    let color: ColorType
    /// Bits a channel.
    let depth: Int
    let isInterlaced: Bool
  }

  /// The picture in `bytes`.
  package static func decode(_ bytes: [UInt8], path: String) throws -> Picture {
    var header: Header?
    var palette: [UInt8] = []
    var compressed: [UInt8] = []
    var isEnded = false
    var rest = bytes.dropFirst(signature.count)
    while !isEnded {
      let (type, data) = try nextChunk(&rest, path: path)
      guard header != nil || type == "IHDR" else { throw FileError(path, "starts with chunk \(type), expected IHDR") }
      switch type {
      case "IHDR": header = try parseHeader(Array(data), path: path)
      case "PLTE": palette = Array(data.dropLast(data.count % 3))
      case "IDAT": compressed += data
      case "IEND": isEnded = true
      default:
        let isCritical = type.utf8.first.map { $0 & 0x20 == 0 } ?? true
        guard !isCritical else { throw FileError(path, "has the unknown critical chunk \(type)") }
      }
    }
    guard let header else { throw FileError(path, "has no IHDR chunk") }
    return try picture(PNGPixels(header, path: path).samples(of: compressed), header, palette, path: path)
  }

  /// Takes the chunk at the front of `rest`: length, type, data, CRC of type and data.
  private static func nextChunk(
    _ rest: inout ArraySlice<UInt8>, path: String
  ) throws -> (type: String, data: ArraySlice<UInt8>) {
    guard rest.count >= 12 else { throw FileError(path, "is truncated: it ends without an IEND chunk") }
    let length = rest.prefix(4).bigEndianValue
    rest = rest.dropFirst(4)
    let type = hexadecimalOrText(rest.prefix(4))
    guard length <= rest.count - 8 else {
      throw FileError(path, "is truncated: chunk \(type) of \(length) bytes expected, \(rest.count - 8) found")
    }
    let body = rest.prefix(4 + length)
    rest = rest.dropFirst(4 + length)
    guard crc32(of: body) == UInt32(rest.prefix(4).bigEndianValue) else {
      throw FileError(path, "is corrupt: the checksum of chunk \(type) is wrong")
    }
    rest = rest.dropFirst(4)
    return (type, body.dropFirst(4))
  }

  private static func hexadecimalOrText(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.allSatisfy { (0x41...0x7A).contains($0) } ? String(decoding: bytes, as: UTF8.self) : hexadecimal(bytes)
  }

  private static func parseHeader(_ data: [UInt8], path: String) throws -> Header {
    guard data.count == 13 else { throw FileError(path, "has an IHDR chunk of \(data.count) bytes, expected 13") }
    let (width, height) = (data[0..<4].bigEndianValue, data[4..<8].bigEndianValue)
    try Picture.checkSize(width: width, height: height, path: path)
    guard let color = ColorType(rawValue: data[9]) else {
      throw FileError(path, "has color type \(data[9]), expected 0, 2, 3, 4 or 6")
    }
    guard color.depths.contains(Int(data[8])) else {
      let depths = color.depths.map(String.init).joined(separator: ", ")
      throw FileError(path, "has \(data[8]) bits a channel, expected one of \(depths) for color type \(data[9])")
    }
    guard data[10] == 0, data[11] == 0 else { throw FileError(path, "uses an unknown compression or filter method") }
    guard data[12] <= 1 else { throw FileError(path, "has interlace method \(data[12]), expected 0 or 1") }
    return Header(width: width, height: height, color: color, depth: Int(data[8]), isInterlaced: data[12] == 1)
  }

  private static func picture(
    _ samples: [UInt8], _ header: Header, _ palette: [UInt8], path: String
  ) throws -> Picture {
    var (samples, samplesPerPixel) = (samples, header.color.channels)
    if header.color == .palette {
      let colorCount = palette.count / 3
      if let index = samples.firstIndex(where: { $0 >= colorCount }) {
        throw FileError(path, "pixel \(index) has color \(samples[index]) of a palette of \(colorCount) colors")
      }
      samples = samples.flatMap { palette[3 * Int($0)..<3 * Int($0) + 3] }
      samplesPerPixel = 3
    }
    return Picture(
      width: header.width, height: header.height, channels: samplesPerPixel < 3 ? 1 : 3, interleaved: samples,
      samplesPerPixel: samplesPerPixel)
  }
}
