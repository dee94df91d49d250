import CKernels

extension Picture {
  /// A part of the picture, which lies within it.
  public func cropped(x: Int, y: Int, width: Int, height: Int) -> Picture {
    precondition(
      x >= 0 && y >= 0 && width > 0 && height > 0 && x <= self.width - width && y <= self.height - height,
      "\(width)×\(height) pixels at (\(x), \(y)) of a picture of \(self.width)×\(self.height)")
    guard (width, height) != (self.width, self.height) else { return self }
    return Picture(width: width, height: height, channels: channels) { part in
      pixels.withUnsafeBufferPointer { pixels in
        for channel in 0..<channels {
          for row in 0..<height {
            (part + (channel * height + row) * width)
              .update(from: pixels.baseAddress! + (channel * self.height + y + row) * self.width + x, count: width)
          }
        }
      }
    }
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
    Picture(width: width, height: height, channels: channels) { dt_mirror(channels * height, width, pixels, $0) }
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
    let ofColumns = ResizingWeights(from: self.width, to: width, only: columns)
    let (x, y) = (ofColumns.needed, ofRows.needed)
    return cropped(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count)
      .resizedRows(by: ofColumns).resizedColumns(by: ofRows)
  }

  private func resizedRows(by weights: ResizingWeights) -> Picture {
    guard !weights.keepsAll else { return self }
    let rows = channels * height
    return Picture(width: weights.count, height: height, channels: channels) { resized in
      weights.withUnsafeBuffers { neighbours, weights in
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16 * (width + 15)) { room in
          dt_resize_rows(
            rows, width, pixels, neighbours.count, neighbours.baseAddress, weights.baseAddress, room.baseAddress,
            resized)
        }
      }
    }
  }

  private func resizedColumns(by weights: ResizingWeights) -> Picture {
    guard !weights.keepsAll else { return self }
    return Picture(width: width, height: weights.count, channels: channels) { resized in
      weights.withUnsafeBuffers { neighbours, weights in
        pixels.withUnsafeBufferPointer { pixels in
          for channel in 0..<channels {
            dt_resize_columns(
              width, pixels.baseAddress! + channel * height * width, neighbours.count, neighbours.baseAddress,
              weights.baseAddress, resized + channel * neighbours.count * width)
          }
        }
      }
    }
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

/// What each new pixel of a row is made of: neighbours, with weights that add up to 1 in fixed point.
private struct ResizingWeights {
  /// Of each new pixel; the first neighbour is counted from that of the first new pixel.
  private var neighbours: [dt_neighbours] = []
  private var weights: [Int32] = []
  /// The old pixels from the first neighbour of the first new one to the last of the last.
  let needed: Range<Int>
  /// Whether the new pixels are the old ones, all of them.
  let keepsAll: Bool

  /// - Parameter part: The new pixels that are wanted, of `newCount`.
  init(from oldCount: Int, to newCount: Int, only part: Range<Int>) {
    keepsAll = oldCount == newCount && part == 0..<newCount
    let scale = Double(oldCount) / Double(newCount)
    let radius = max(scale, 1)
    func center(of new: Int) -> Double { (Double(new) + 0.5) * scale }
    func neighbours(of new: Int) -> Range<Int> {
      max(0, Int(center(of: new) - radius + 0.5))..<min(oldCount, Int(center(of: new) + radius + 0.5))
    }
    needed = neighbours(of: part.lowerBound).lowerBound..<neighbours(of: part.upperBound - 1).upperBound
    var triangle: [Double] = []
    for new in part {
      let (old, center) = (neighbours(of: new), center(of: new))
      triangle.removeAll(keepingCapacity: true)
      for index in old { triangle.append(max(0, 1 - abs((Double(index) - center + 0.5) * (1 / radius)))) }
      let total = triangle.reduce(0, +)
      self.neighbours.append(
        dt_neighbours(
          first: old.lowerBound - needed.lowerBound, start: weights.count, end: weights.count + triangle.count))
      for weight in triangle { weights.append(Int32(weight / total * Double(1 << dt_resizing_bits) + 0.5)) }
    }
  }

  /// How many new pixels there are.
  var count: Int { neighbours.count }

  func withUnsafeBuffers(_ body: (UnsafeBufferPointer<dt_neighbours>, UnsafeBufferPointer<Int32>) -> Void) {
    neighbours.withUnsafeBufferPointer { neighbours in
      weights.withUnsafeBufferPointer { body(neighbours, $0) }
    }
  }
}
