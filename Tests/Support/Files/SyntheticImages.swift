import Foundation

/// An integer's four bytes, the greatest first.
public func bigEndian(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

/// An IDX file.
public func idx(type: UInt8 = 8, shape: [Int], elements: [UInt8]) -> [UInt8] {
  [0, 0, type, UInt8(shape.count)] + shape.flatMap(bigEndian) + elements
}

extension TemporaryFolder {
  /// Writes a data set in MNIST's format: images of 28×28 with a bright band where their class, 0 to 9, says.
  ///
  /// - Parameter firstLabel: The label of the first image in place of its class.
  public func writeImages(training: Int, test: Int, firstLabel: UInt8? = nil) throws {
    for (prefix, count) in [("train", training), ("t10k", test)] {
      var labels = (0..<count).map { UInt8($0 * 7 % 10) }
      var pixels: [UInt8] = []
      for (index, label) in labels.enumerated() {
        for row in 0..<28 {
          for column in 0..<28 {
            let noise = (index * 131 + row * 37 + column * 61) % 97
            pixels.append(UInt8(row / 3 == Int(label) ? 158 + noise : noise))
          }
        }
      }
      if let firstLabel { labels[0] = firstLabel }
      try write(idx(shape: [count, 28, 28], elements: pixels), to: "\(prefix)-images-idx3-ubyte")
      try write(idx(shape: [count], elements: labels), to: "\(prefix)-labels-idx1-ubyte")
    }
  }

  /// Writes pictures in a folder for each class, below others for the splits. They are of several sizes, some in grey, and
  /// bright on the left where their class is the first, in the middle where it is the second, …
  ///
  /// - Parameter counts: The number of pictures of each class, for each split's folder.
  public func writePictures(classes: [String] = ["cat", "dog", "owl"], _ counts: [String: Int]) throws {
    for (split, count) in counts {
      for (label, name) in classes.enumerated() {
        let folder = "\(split)/\(name)"
        try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        for index in 0..<count {
          let (width, height, channels) = (40 + 7 * index % 20, 36 + 5 * index % 11, index % 3 == 0 ? 1 : 3)
          let pixels = (0..<height).flatMap { row in
            (0..<width).flatMap { column in
              (0..<channels).map { channel in
                let noise = (index * 131 + row * 37 + column * 61 + channel * 17) % 97
                return UInt8(column * classes.count / width == label ? 158 + noise : noise)
              }
            }
          }
          let header = "\(channels == 1 ? "P5" : "P6")\n\(width) \(height)\n255\n"
          try write(Array(header.utf8) + pixels, to: "\(folder)/\(index).\(channels == 1 ? "pgm" : "ppm")")
        }
      }
    }
  }

  /// Writes a data set in CIFAR-10's format, a fifth of the training images in each file.
  public func writeColorImages(training: Int, test: Int) throws {
    let files = (1...5).map { ("data_batch_\($0).bin", training / 5) } + [("test_batch.bin", test)]
    for (file, (name, count)) in files.enumerated() {
      let records = (0..<count).flatMap { index -> [UInt8] in
        let label = (3 * file + index) % 10
        return [UInt8(label)]
          + (0..<3072).map { UInt8(($0 / 307 == label ? 128 : 0) + ($0 * 31 + index * 17 + file) % 97) }
      }
      try write(records, to: name)
    }
  }
}
