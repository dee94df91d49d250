import DistTrain

extension LabeledImages {
  /// The images of an IDX, PNG or PGM file, all with label 0.
  ///
  /// - Throws: ``FileError`` where the file is none of these, or its images are not 28×28.
  init(unlabeled path: String) throws {
    let (height, width, count): (Int, Int, Int)
    let pixels: AlignedBytes
    if try GrayImage.isPicture(path: path) {
      let image = try GrayImage(path: path)
      (height, width, count) = (image.height, image.width, 1)
      pixels = AlignedBytes(count: image.pixels.count) { $0.copyBytes(from: image.pixels) }
    } else {
      let file = try IDXFile(path: path)
      guard file.elementType == .uint8, file.shape.count == 3 || file.shape.count == 2 else {
        throw FileError(path, "holds \(file.elementType) of shape \(file.shape), expected uint8 images")
      }
      (height, width) = (file.shape[file.shape.count - 2], file.shape[file.shape.count - 1])
      count = file.shape.count == 3 ? file.shape[0] : 1
      pixels = file.bytes
    }
    guard height == 28, width == 28 else {
      throw FileError(path, "the image is \(height) rows by \(width) columns, expected 28 by 28")
    }
    self.init(
      pixels: pixels, labels: [UInt8](repeating: 0, count: count), height: height, width: width, classCount: 10)
  }
}
