import DistTrain

extension ImageModel {
  /// The images of an IDX, PNG, JPEG, PGM or PPM file, all with label 0, as the model takes them. For a model of
  /// pictures of any size, the middle of a picture, as it was evaluated.
  ///
  /// - Throws: ``FileError`` where the file is none of these, or its images are not of the model's size.
  func unlabeledImages(path: String) throws -> any Dataset {
    guard try takesPictures && Picture.isPicture(path: path) else {
      return try LabeledImages(unlabeled: path, for: self)
    }
    let picture = try PictureFiles(
      paths: [path], labels: [0], size: imageSize, channels: imageShape[0], normalization: normalization
    ).batch([0])
    return TensorDataset(picture.inputs, picture.targets)
  }
}

extension LabeledImages {
  /// The images of a file as they are.
  fileprivate init(unlabeled path: String, for model: ImageModel) throws {
    let channels = model.imageShape[0]
    if try Picture.isPicture(path: path) {
      let picture = try Picture(path: path).converted(toChannels: channels)
      try model.check(imageShape: [channels, picture.height, picture.width], in: path)
      self.init(
        pixels: AlignedBytes(count: picture.pixels.count) { $0.copyBytes(from: picture.pixels) }, labels: [0],
        channels: channels, height: picture.height, width: picture.width, classCount: 10)
    } else {
      guard model.normalization == nil else {
        throw FileError(path, "is no picture, PNG, JPEG, PGM or PPM, as the model was trained on")
      }
      let file = try IDXFile(path: path)
      // One image, or several one after the other.
      let imageRank = channels == 1 ? 2 : 3
      let shape = file.shape
      guard file.elementType == .uint8, shape.count == imageRank || shape.count == imageRank + 1,
        channels == 1 || shape[shape.count - 3] == channels
      else {
        throw FileError(
          path,
          "holds \(file.elementType) of shape \(shape), expected uint8 images of \(channels) channel(s)")
      }
      // Before there are labels: a file without pixels may claim any number of images.
      try model.check(imageShape: [channels] + shape.suffix(2), in: path)
      self.init(
        pixels: file.bytes, labels: [UInt8](repeating: 0, count: shape.count == imageRank ? 1 : shape[0]),
        channels: channels, height: shape[shape.count - 2], width: shape[shape.count - 1], classCount: 10)
    }
  }
}
