import CKernels

/// The pixels of a PNG from its compressed bytes: rows, each with a filter of its own, of the whole picture or of seven parts
/// of it (sections 7 to 9 of the format).
struct PNGPixels {
  private let header: PNGFile.Header
  private let path: String

  init(_ header: PNGFile.Header, path: String) {
    self.header = header
    self.path = path
  }

  /// Every so many columns and rows of a picture.
  private struct Part {
    let column: Int
    let row: Int
    let columnStep: Int
    let rowStep: Int

    static let whole = Part(column: 0, row: 0, columnStep: 1, rowStep: 1)
    /// Adam7: each part has the pixels that lie between those of the parts before.
    static let interlaced = [
      Part(column: 0, row: 0, columnStep: 8, rowStep: 8), Part(column: 4, row: 0, columnStep: 8, rowStep: 8),
      Part(column: 0, row: 4, columnStep: 4, rowStep: 8), Part(column: 2, row: 0, columnStep: 4, rowStep: 4),
      Part(column: 0, row: 2, columnStep: 2, rowStep: 4), Part(column: 1, row: 0, columnStep: 2, rowStep: 2),
      Part(column: 0, row: 1, columnStep: 1, rowStep: 2),
    ]

    func width(of header: PNGFile.Header) -> Int { max(0, header.width - column + columnStep - 1) / columnStep }

    /// 0 for a part without columns, which has no rows either.
    func height(of header: PNGFile.Header) -> Int {
      width(of: header) == 0 ? 0 : max(0, header.height - row + rowStep - 1) / rowStep
    }
  }

  private var bitsPerPixel: Int { header.color.channels * header.depth }

  private func rowSize(_ part: Part) -> Int { (part.width(of: header) * bitsPerPixel + 7) / 8 }

  /// The samples, pixel after pixel: from 0 to 255, or numbers of a palette's colors.
  func samples(of compressed: [UInt8]) throws -> [UInt8] {
    let parts = header.isInterlaced ? Part.interlaced : [.whole]
    let expected = parts.map { (rowSize($0) + 1) * $0.height(of: header) }.reduce(0, +)
    let source = try Inflater(MemorySource(compressed, path: path), format: .zlib)
    let rows = try source.read(upTo: expected)
    guard rows.count == expected, try source.isAtEnd() else {
      throw FileError(path, "does not hold the \(expected) bytes of pixels that its size asks for")
    }
    guard header.isInterlaced || header.depth != 8 else { return try unfiltered(rows[...], rowSize: rowSize(.whole)) }
    let channels = header.color.channels
    var samples = [UInt8](repeating: 0, count: header.width * header.height * channels)
    var rest = rows[...]
    for part in parts {
      let (width, height, size) = (part.width(of: header), part.height(of: header), rowSize(part))
      let bytes = try unfiltered(rest.prefix((size + 1) * height), rowSize: size)
      rest = rest.dropFirst((size + 1) * height)
      for row in 0..<height {
        for column in 0..<width {
          let pixel = (part.row + row * part.rowStep) * header.width + part.column + column * part.columnStep
          for channel in 0..<channels {
            samples[pixel * channels + channel] = sample(column * channels + channel, of: bytes, from: row * size)
          }
        }
      }
    }
    return samples
  }

  /// A sample of a row that begins at `start`.
  private func sample(_ index: Int, of bytes: [UInt8], from start: Int) -> UInt8 {
    switch header.depth {
    case 8: return bytes[start + index]
    case 16: return bytes[start + 2 * index]
    case let depth:
      // The first is in a byte's upper bits.
      let shift = 8 - depth - index * depth % 8
      let highest = UInt8(1 << depth - 1)
      let value = bytes[start + index * depth / 8] >> shift & highest
      return header.color == .palette ? value : value * (255 / highest)
    }
  }

  /// Undoes the filters of rows, each of which is the filter's number and `rowSize` bytes.
  private func unfiltered(_ rows: ArraySlice<UInt8>, rowSize: Int) throws -> [UInt8] {
    // To the byte of the pixel on the left; in pixels of less than a byte, to the byte before.
    let step = max(1, bitsPerPixel / 8)
    var bytes = [UInt8](repeating: 0, count: rows.count / (rowSize + 1) * rowSize)
    let zeros = [UInt8](repeating: 0, count: rowSize)
    try rows.withUnsafeBufferPointer { rows in
      try bytes.withUnsafeMutableBufferPointer { bytes in
        try zeros.withUnsafeBufferPointer { zeros in
          var above = zeros.baseAddress
          for row in 0..<rows.count / (rowSize + 1) {
            let filtered = rows.baseAddress! + row * (rowSize + 1)
            guard filtered[0] <= 4 else {
              throw FileError(path, "row \(row) has filter \(filtered[0]), expected 0 to 4")
            }
            let unfiltered = bytes.baseAddress! + row * rowSize
            dt_unfilter(Int32(filtered[0]), rowSize, step, above, filtered + 1, unfiltered)
            above = UnsafePointer(unfiltered)
          }
        }
      }
    }
    return bytes
  }
}
