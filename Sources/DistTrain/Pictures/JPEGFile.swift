/// JPEG pictures, baseline and progressive, in grey, color, and the four inks of print.
///
/// They are decoded as Pillow does, bit for bit: by libjpeg-turbo, with its exact inverse transform and smooth colors.
package enum JPEGFile {
  /// What every JPEG starts with: its first marker, and the beginning of the next.
  package static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// The picture in `bytes`.
  package static func decode(
    _ bytes: [UInt8], path: String, with library: Result<TurboJPEG, TurboJPEG.Missing> = TurboJPEG.shared
  ) throws -> Picture {
    switch library {
    case .success(let library): return try decode(bytes, path: path, with: library)
    case .failure(let missing):
      throw FileError(
        path, "is a JPEG picture, which needs the library TurboJPEG (libturbojpeg0 in Debian): \(missing.text)")
    }
  }

  private static func decode(_ bytes: [UInt8], path: String, with library: TurboJPEG) throws -> Picture {
    guard let decompressor = library.initDecompress() else {
      throw FileError(path, "TurboJPEG cannot start: \(String(cString: library.errorText(nil)))")
    }
    defer { _ = library.destroy(decompressor) }

    var (width, height, subsampling, colors) = (Int32(0), Int32(0), Int32(0), Int32(0))
    let status = library.decompressHeader(
      decompressor, bytes, CUnsignedLong(bytes.count), &width, &height, &subsampling, &colors)
    try check(status, of: bytes, decompressor, library, path: path)
    guard width > 0, height > 0 else { throw FileError(path, "is a corrupt JPEG picture: it holds no size") }
    guard let space = TurboJPEG.ColorSpace(rawValue: colors) else {
      throw FileError(path, "is a JPEG picture in colors of an unknown kind (\(colors))")
    }
    try Picture.checkSize(width: Int(width), height: Int(height), path: path)
    let (format, samplesPerPixel): (TurboJPEG.PixelFormat, Int) =
      switch space {
      case .gray: (.gray, 1)
      case .rgb, .yCbCr: (.rgb, 3)
      case .cmyk, .ycck: (.cmyk, 4)
      }
    let sampleCount = Int(width) * Int(height) * samplesPerPixel
    var samples = try [UInt8](unsafeUninitializedCapacity: sampleCount) { buffer, count in
      count = sampleCount
      let status = library.decompress(
        decompressor, bytes, CUnsignedLong(bytes.count), buffer.baseAddress, width, 0, height, format.rawValue,
        TurboJPEG.limitsScans)
      try check(status, of: bytes, decompressor, library, path: path)
    }
    if format == .cmyk { samples = colorsOfInks(samples) }
    return Picture(
      width: Int(width), height: Int(height), channels: min(3, samplesPerPixel), interleaved: samples,
      samplesPerPixel: min(3, samplesPerPixel))
  }

  /// Throws what the library says of a file; but not that there are bytes which belong to nothing, as some cameras leave.
  private static func check(
    _ status: Int32, of bytes: [UInt8], _ decompressor: TurboJPEG.Decompressor, _ library: TurboJPEG, path: String
  ) throws {
    guard status != 0 else { return }
    let text = String(cString: library.errorText(decompressor))
    guard text.contains("extraneous bytes before marker") else {
      throw FileError(path, "is a corrupt JPEG picture: \(text)")
    }
    // The library tells its first warning only, so that this one may hide another.
    guard hasEnd(bytes) else { throw FileError(path, "is a corrupt JPEG picture: it ends early") }
  }

  /// Whether the marker of a picture's end comes after the last of a scan's start; a smaller picture in the file's head has
  /// both of its own.
  private static func hasEnd(_ bytes: [UInt8]) -> Bool {
    let last = bytes.indices.dropLast().last { bytes[$0] == 0xFF && (bytes[$0 + 1] == 0xD9 || bytes[$0 + 1] == 0xDA) }
    return last.map { bytes[$0 + 1] == 0xD9 } ?? false
  }

  /// Red, green and blue from cyan, magenta, yellow and black, which files hold inverted: 255 is no ink.
  private static func colorsOfInks(_ inks: [UInt8]) -> [UInt8] {
    var colors: [UInt8] = []
    colors.reserveCapacity(inks.count / 4 * 3)
    for pixel in stride(from: 0, to: inks.count, by: 4) {
      let light = Int(inks[pixel + 3])
      for ink in inks[pixel..<pixel + 3] {
        let product = (255 - Int(ink)) * light + 128
        colors.append(UInt8(light - (product + product >> 8) >> 8))
      }
    }
    return colors
  }
}
