/// One grey picture of 8 bits a pixel.
public struct GrayImage: Equatable, Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// Row after row, 0 is black and 255 white.
  public let pixels: [UInt8]

  /// A picture that is already in memory.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height, "\(pixels.count) pixels for \(width)×\(height)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The most pixels that a picture file may have.
  package static let largestPixelCount = 1 << 26

  /// Reads a PNG or PGM file; the first bytes tell which it is.
  /// - Throws: ``FileError`` where the file is neither, is corrupt, or uses a part of its format that is not read.
  public init(path: String) throws {
    let bytes = try InputFile(path: path).readAll(limit: 1 << 28)
    if bytes.starts(with: PNGFile.signature) {
      self = try PNGFile.decode(bytes, path: path)
    } else if bytes.starts(with: [UInt8(ascii: "P")]) {
      self = try PGMFile.decode(bytes, path: path)
    } else {
      throw FileError(path, "is neither a PNG nor a PGM picture: it starts with \(hexadecimal(bytes.prefix(4)))")
    }
  }

  /// Whether a file begins like a PNG or PGM picture.
  /// - Throws: ``FileError`` where the file cannot be read.
  public static func isPicture(path: String) throws -> Bool {
    let start = try InputFile(path: path).read(upTo: PNGFile.signature.count)
    return start.starts(with: PNGFile.signature) || start.first == UInt8(ascii: "P")
  }

  /// Checks a size given by a file before memory is set aside for it.
  package static func checkSize(width: Int, height: Int, path: String) throws {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, count <= largestPixelCount else {
      throw FileError(
        path, "claims to be \(width)×\(height) pixels, expected 1 to \(largestPixelCount) pixels in all")
    }
  }
}
