import DistTrain

extension LabeledImages {
  /// The images of an IDX, PNG, JPEG, PGM or PPM file, all with label 0, in the channels that a model takes. For a model of
  /// pictures of any size, the middle of a picture, as it was evaluated.
  ///
  /// - Throws: ``FileError`` where the file is none of these, or its images are not of the model's size.
  init(unlabeled path: String, for model: ImageModel) throws {
    let channels = model.imageShape[0]
    if try Picture.isPicture(path: path) {
      var picture = try Picture(path: path).converted(toChannels: channels)
      if model.classNames != nil { picture = PictureFiles.evaluated(picture, size: model.imageSize) }
      try model.check(imageShape: [channels, picture.height, picture.width], in: path)
      self.init(
        pixels: AlignedBytes(count: picture.pixels.count) { $0.copyBytes(from: picture.pixels) }, labels: [0],
        channels: channels, height: picture.height, width: picture.width, classCount: 10)
    } else {
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
