import CKernels

/// One picture of 8 bits a channel, in grey or in red, green and blue.
public struct Picture: Equatable, Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// Channel after channel, row after row: `channels · height · width` bytes, 0 is black and 255 white.
  public let pixels: [UInt8]

  /// A picture that is already in memory, of at least one pixel.
  public init(width: Int, height: Int, channels: Int = 1, pixels: [UInt8]) {
    precondition(
      (channels == 1 || channels == 3) && width > 0 && height > 0 && pixels.count == channels * width * height,
      "\(pixels.count) pixels for \(channels) channel(s) of \(width)×\(height)")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// A picture from samples that lie pixel after pixel, as in files, of which the first one or three are the channels.
  init(width: Int, height: Int, channels: Int, interleaved samples: [UInt8], samplesPerPixel: Int) {
    let area = width * height
    precondition(samples.count == area * samplesPerPixel, "\(samples.count) samples for \(width)×\(height) pixels")
    self.init(width: width, height: height, channels: channels) {
      dt_separate_channels(area, channels, samplesPerPixel, samples, $0)
    }
  }

  /// A picture whose pixels are written by `fill`, all of them.
  init(width: Int, height: Int, channels: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    let pixels = [UInt8](unsafeUninitializedCapacity: channels * height * width) { pixels, count in
      fill(pixels.baseAddress!)
      count = channels * height * width
    }
    self.init(width: width, height: height, channels: channels, pixels: pixels)
  }

  /// The most pixels that a picture file may have.
  package static let largestPixelCount = 1 << 26

  /// Reads a PNG, JPEG, PGM or PPM file; the first bytes tell which it is.
  /// - Throws: ``FileError`` where the file is none of them, is corrupt, or uses a part of its format that is not read, and
  ///   where a JPEG's library is missing.
  public init(path: String) throws {
    let bytes = try InputFile(path: path).readAll(limit: 1 << 28)
    if bytes.starts(with: PNGFile.signature) {
      self = try PNGFile.decode(bytes, path: path)
    } else if bytes.starts(with: JPEGFile.signature) {
      self = try JPEGFile.decode(bytes, path: path)
    } else if NetpbmFile.isOne(bytes) {
      self = try NetpbmFile.decode(bytes, path: path)
    } else {
      throw FileError(
        path, "is neither a PNG, JPEG, PGM nor PPM picture: it starts with \(hexadecimal(bytes.prefix(4)))")
    }
  }

  /// Whether a file begins like a picture that can be read, or is called like a picture of any kind.
  /// - Throws: ``FileError`` where the file cannot be read.
  public static func isPicture(path: String) throws -> Bool {
    let start = try InputFile(path: path).read(upTo: PNGFile.signature.count)
    return start.starts(with: PNGFile.signature) || start.starts(with: JPEGFile.signature) || NetpbmFile.isOne(start)
      || readableKinds.union(otherKinds).contains(kind(ofFile: path))
  }

  /// What the names of pictures that can be read end with.
  static let readableKinds: Set = ["png", "jpg", "jpeg", "pgm", "ppm", "pnm"]
  /// What the names of other pictures end with.
  static let otherKinds: Set = ["bmp", "gif", "tif", "tiff", "webp"]

  /// What is behind the last dot of a file's name, in small letters; empty where there is none.
  static func kind(ofFile path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    return name.split(separator: ".").count > 1 ? name.split(separator: ".").last?.lowercased() ?? "" : ""
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
