import Foundation

/// Pictures sheared, translated and turned, with the bits of Pillow's transformations to the nearest pixel
/// (<https://github.com/python-pillow/Pillow/blob/12.0.0/src/libImaging/Geometry.c>). What comes in is black.
extension Picture {
  /// The picture with each row moved to the left by `slope` pixels from the row above, as `torchvision`'s `ShearX`.
  public func shearedHorizontally(by slope: Double) -> Picture {
    precondition(slope.isFinite, "a picture sheared by \(slope)")
    return moved(by: PictureWalk(row: (tan(Self.throughDegrees(atan(slope))), 1)))
  }

  /// The picture with each column moved up by `slope` pixels from the column before, as `torchvision`'s `ShearY`.
  public func shearedVertically(by slope: Double) -> Picture {
    precondition(slope.isFinite, "a picture sheared by \(slope)")
    let angle = Self.throughDegrees(atan(slope))
    return moved(by: PictureWalk(column: (1, sin(angle) / cos(angle))))
  }

  /// The picture moved by `x` pixels to the right and `y` pixels down, or the other way where they are negative.
  public func translated(x: Int = 0, y: Int = 0) -> Picture {
    moved(by: PictureWalk(start: (-Double(x), -Double(y))))
  }

  /// The picture turned around its middle, against the clock, as `torchvision.transforms.functional.rotate`.
  public func rotated(byDegrees degrees: Double) -> Picture {
    precondition(degrees.isFinite, "a picture rotated by \(degrees) degrees")
    let turn = fmod(degrees, 360)
    let angle = -Self.radians(turn < 0 ? turn + 360 : turn)
    /// To 15 decimal places.
    func rounded(_ number: Double) -> Double { Double(String(format: "%.15f", number)) ?? number }
    let (cosine, sine) = (rounded(cos(angle)), rounded(sin(angle)))
    let (x, y) = (Double(width) / 2, Double(height) / 2)
    return moved(
      by: PictureWalk(
        start: (cosine * -x + sine * -y + x, -sine * -x + cosine * -y + y), column: (cosine, -sine),
        row: (sine, cosine)))
  }

  private static func radians(_ degrees: Double) -> Double { degrees * (.pi / 180) }

  /// The same angle, but for rounding.
  private static func throughDegrees(_ angle: Double) -> Double { radians(angle * (180 / .pi)) }

  /// The picture whose pixels come from where a walk through this one is.
  private func moved(by walk: PictureWalk<Double>) -> Picture {
    // What lies too far away for 16 bits, and what is not sheared, Pillow leaves in floating point.
    let corners = [(0, 0), (width, height), (0, height), (width, 0)]
    let isNear = corners.allSatisfy { x, y in
      let place = walk.place(column: Double(x), row: Double(y))
      return abs(place.x) < 32768 && abs(place.y) < 32768
    }
    guard isNear && (walk.row.x != 0 || walk.column.y != 0) else {
      return sampled(along: walk.fromMiddles) { (0...0x1p31).contains($0) ? Int($0) : -1 }
    }
    return sampled(along: walk.inFixedPoint) { $0 >> 16 }
  }

  /// - Parameter pixel: The column or row at a coordinate; none of the picture's where that is too far away for a number.
  private func sampled<Number: SignedNumeric>(
    along walk: PictureWalk<Number>, pixel: (Number) -> Int
  ) -> Picture {
    let area = width * height
    var sampled = [UInt8](repeating: 0, count: channels * area)
    sampled.withUnsafeMutableBufferPointer { sampled in
      pixels.withUnsafeBufferPointer { pixels in
        var start = walk.start
        for row in 0..<height {
          var place = start
          for column in 0..<width {
            let (x, y) = (pixel(place.x), pixel(place.y))
            if x >= 0 && x < width && y >= 0 && y < height {
              for channel in 0..<channels {
                sampled[channel * area + row * width + column] = pixels[channel * area + y * width + x]
              }
            }
            place.x += walk.column.x
            place.y += walk.column.y
          }
          start.x += walk.row.x
          start.y += walk.row.y
        }
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: sampled)
  }
}

/// Where in a picture the pixels of another come from: coordinates that change by as much from each column to the next, and
/// from each row.
private struct PictureWalk<Number> {
  var start: (x: Number, y: Number)
  var column: (x: Number, y: Number)
  var row: (x: Number, y: Number)
}

extension PictureWalk<Double> {
  /// A walk whose other steps are those of a picture that stays as it is.
  init(
    start: (x: Double, y: Double) = (0, 0), column: (x: Double, y: Double) = (1, 0),
    row: (x: Double, y: Double) = (0, 1)
  ) {
    (self.start, self.column, self.row) = (start, column, row)
  }

  func place(column x: Double, row y: Double) -> (x: Double, y: Double) {
    (x * column.x + y * row.x + start.x, x * column.y + y * row.y + start.y)
  }

  /// The walk from the middle of the first pixel to that of the last.
  var fromMiddles: PictureWalk {
    let (x, y) = (start.x + row.x * 0.5 + column.x * 0.5, start.y + row.y * 0.5 + column.y * 0.5)
    return PictureWalk(start: (x, y), column: column, row: row)
  }

  /// The same in numbers with 16 bits behind the point.
  var inFixedPoint: PictureWalk<Int> {
    func fixed(_ number: Double) -> Int { Int((number * 65536 + 0.5).rounded(.down)) }
    return PictureWalk<Int>(
      start: (fixed(start.x + column.x * 0.5 + row.x * 0.5), fixed(start.y + column.y * 0.5 + row.y * 0.5)),
      column: (fixed(column.x), fixed(column.y)), row: (fixed(row.x), fixed(row.y)))
  }
}
