extension Picture {
  /// A part of the picture, which lies within it.
  public func cropped(x: Int, y: Int, width: Int, height: Int) -> Picture {
    precondition(
      x >= 0 && y >= 0 && width > 0 && height > 0 && x <= self.width - width && y <= self.height - height,
      "\(width)×\(height) pixels at (\(x), \(y)) of a picture of \(self.width)×\(self.height)")
    var part: [UInt8] = []
    part.reserveCapacity(channels * height * width)
    for channel in 0..<channels {
      for row in y..<y + height {
        let start = (channel * self.height + row) * self.width + x
        part += pixels[start..<start + width]
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: part)
  }

  /// The middle of the picture, as `torchvision.transforms.CenterCrop`; black where it is smaller than that.
  public func centerCropped(width: Int, height: Int) -> Picture {
    precondition(width > 0 && height > 0, "the middle \(width)×\(height) pixels of a picture")
    let padded = padded(toWidth: width, height: height)
    return padded.cropped(
      x: Self.half(padded.width - width), y: Self.half(padded.height - height), width: width, height: height)
  }

  /// The picture from right to left.
  public func mirrored() -> Picture {
    var rows = pixels
    for start in stride(from: 0, to: rows.count, by: width) { rows[start..<start + width].reverse() }
    return Picture(width: width, height: height, channels: channels, pixels: rows)
  }

  /// The picture with a shorter side of so many pixels, in the same proportions, as `torchvision.transforms.Resize` with
  /// one number.
  public func resized(shorterSide: Int) -> Picture {
    let (width, height) = size(withShorterSide: shorterSide)
    return resized(width: width, height: height)
  }

  /// The middle of ``resized(shorterSide:)``, of which no more is computed: of a picture that is a thousand times as wide
  /// as high, all of it might not fit in memory.
  func middle(width: Int, height: Int, ofShorterSide shorterSide: Int) -> Picture {
    let whole = size(withShorterSide: shorterSide)
    precondition(
      width <= whole.width && height <= whole.height,
      "the middle \(width)×\(height) pixels of a picture of \(whole.width)×\(whole.height)")
    let (x, y) = (Self.half(whole.width - width), Self.half(whole.height - height))
    return resized(width: whole.width, height: whole.height, columns: x..<x + width, rows: y..<y + height)
  }

  private func size(withShorterSide shorterSide: Int) -> (width: Int, height: Int) {
    let length = shorterSide * max(width, height) / min(width, height)
    return width < height ? (shorterSide, length) : (length, shorterSide)
  }

  /// The picture in another size. Where it gets smaller every pixel is the average of those that it covers, weighted by a
  /// triangle; where it gets larger, values lie on the line between two neighbours. Rows are
  /// resized before columns, and the bits are those of Pillow up to version 12, `resize((width, height), Image.BILINEAR)`:
  /// <https://github.com/python-pillow/Pillow/blob/11.0.0/src/libImaging/Resample.c>.
  public func resized(width: Int, height: Int) -> Picture {
    precondition(width > 0 && height > 0, "a picture resized to \(width)×\(height) pixels")
    return resized(width: width, height: height, columns: 0..<width, rows: 0..<height)
  }

  /// Some columns and rows of the picture in another size.
  private func resized(width: Int, height: Int, columns: Range<Int>, rows: Range<Int>) -> Picture {
    let ofRows = ResizingWeights(from: self.height, to: height, only: rows)
    let needed = ofRows.needed
    let part =
      needed.count == self.height ? self : cropped(x: 0, y: needed.lowerBound, width: self.width, height: needed.count)
    return part.resizedRows(by: ResizingWeights(from: self.width, to: width, only: columns))
      .resizedColumns(by: ofRows)
  }

  private func resizedRows(by weights: ResizingWeights) -> Picture {
    guard !weights.keepsAll else { return self }
    let width = weights.count
    let resized = [UInt8](unsafeUninitializedCapacity: channels * height * width) { result, count in
      count = channels * height * width
      pixels.withUnsafeBufferPointer { pixels in
        weights.withUnsafeBuffers { neighbours, weights in
          // Four rows at a time share the weights; what the last four lack is the last row again.
          let lastRow = channels * height - 1
          for row in stride(from: 0, through: lastRow, by: 4) {
            let rows = SIMD4(row, row + 1, row + 2, row + 3).clamped(
              lowerBound: .zero, upperBound: SIMD4(repeating: lastRow))
            for column in 0..<width {
              let (first, start, end) = neighbours[column]
              let from = rows &* self.width &+ (first - start)
              var sums = SIMD4<Int32>(repeating: ResizingWeights.half)
              for place in start..<end {
                let values = SIMD4(
                  pixels[from[0] + place], pixels[from[1] + place], pixels[from[2] + place], pixels[from[3] + place])
                sums &+= weights[place] &* SIMD4<Int32>(truncatingIfNeeded: values)
              }
              for index in 0..<4 { result[rows[index] * width + column] = ResizingWeights.byte(sums[index]) }
            }
          }
        }
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: resized)
  }

  /// Columns of the rows that are needed for the new ones.
  private func resizedColumns(by weights: ResizingWeights) -> Picture {
    guard !weights.keepsAll else { return self }
    let (height, skipped) = (weights.count, weights.needed.lowerBound)
    let resized = [UInt8](unsafeUninitializedCapacity: channels * height * width) { result, count in
      count = channels * height * width
      pixels.withUnsafeBufferPointer { pixels in
        weights.withUnsafeBuffers { neighbours, weights in
          withUnsafeTemporaryAllocation(of: Int32.self, capacity: width) { sums in
            for row in 0..<channels * height {
              let (channel, place) = row.quotientAndRemainder(dividingBy: height)
              let (first, start, end) = neighbours[place]
              sums.initialize(repeating: ResizingWeights.half)
              for offset in 0..<end - start {
                let (from, weight) = (
                  (channel * self.height + first - skipped + offset) * width, weights[start + offset]
                )
                for column in 0..<width { sums[column] &+= weight &* Int32(pixels[from + column]) }
              }
              for column in 0..<width { result[row * width + column] = ResizingWeights.byte(sums[column]) }
            }
          }
        }
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: resized)
  }

  /// The picture in the middle of black, of at least the given size.
  private func padded(toWidth width: Int, height: Int) -> Picture {
    guard width > self.width || height > self.height else { return self }
    let (left, top) = (max(0, width - self.width) / 2, max(0, height - self.height) / 2)
    let (newWidth, newHeight) = (max(width, self.width), max(height, self.height))
    var result = [UInt8](repeating: 0, count: channels * newWidth * newHeight)
    for channel in 0..<channels {
      for row in 0..<self.height {
        let from = (channel * self.height + row) * self.width
        let to = (channel * newHeight + row + top) * newWidth + left
        result.replaceSubrange(to..<to + self.width, with: pixels[from..<from + self.width])
      }
    }
    return Picture(width: newWidth, height: newHeight, channels: channels, pixels: result)
  }

  /// Half of a number, to the nearest even one, as Python rounds.
  private static func half(_ number: Int) -> Int { Int((Double(number) / 2).rounded(.toNearestOrEven)) }
}

/// What each new pixel of a row is made of: neighbours, with weights that add up to 1 in fixed point, so that no sum of
/// products with bytes passes 32 bits.
private struct ResizingWeights {
  private static let bits: Int32 = 22
  static let half: Int32 = 1 << (bits - 1)

  /// Of each new pixel the first neighbour, and where its weights start and end.
  private var neighbours: [(first: Int, start: Int, end: Int)] = []
  private var weights: [Int32] = []
  /// Whether the new pixels are the old ones, all of them.
  let keepsAll: Bool

  /// - Parameter part: The new pixels that are wanted, of `newCount`.
  init(from oldCount: Int, to newCount: Int, only part: Range<Int>) {
    keepsAll = oldCount == newCount && part == 0..<newCount
    let scale = Double(oldCount) / Double(newCount)
    let radius = max(scale, 1)
    for new in part {
      let center = (Double(new) + 0.5) * scale
      let first = max(0, Int(center - radius + 0.5))
      let end = min(oldCount, Int(center + radius + 0.5))
      let triangle = (first..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) * (1 / radius))) }
      let total = triangle.reduce(0, +)
      neighbours.append((first, weights.count, weights.count + triangle.count))
      weights += triangle.map { Int32($0 / total * Double(1 << Self.bits) + 0.5) }
    }
  }

  /// How many new pixels there are.
  var count: Int { neighbours.count }

  /// The old pixels from the first neighbour of the first new one to the last of the last.
  var needed: Range<Int> {
    guard let first = neighbours.first, let last = neighbours.last else { return 0..<0 }
    return first.first..<last.first + (last.end - last.start)
  }

  func withUnsafeBuffers(
    _ body: (UnsafeBufferPointer<(first: Int, start: Int, end: Int)>, UnsafeBufferPointer<Int32>) -> Void
  ) {
    neighbours.withUnsafeBufferPointer { neighbours in
      weights.withUnsafeBufferPointer { body(neighbours, $0) }
    }
  }

  static func byte(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> bits) }
}
