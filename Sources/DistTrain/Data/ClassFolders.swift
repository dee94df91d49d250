import Foundation

/// Pictures in one folder for each class, as `torchvision.datasets.ImageFolder`:
///
///     data/cat/1.png   data/cat/2.jpg   data/dog/1.jpg
///
///     let folders = try ClassFolders(path: "data")
///     folders.classNames                               // ["cat", "dog"]: 0 and 1
///     let images = try folders.pictures(size: 224)     // of any size, read when a batch asks for them
///     let small = try folders.load()                   // of one size, in memory
public struct ClassFolders: Sendable {
  /// The folder that holds those of the classes.
  public let path: String
  /// The names of the classes' folders, sorted: the place of each is its class.
  public let classNames: [String]

  /// Looks for folders of classes; names that begin with a dot are no classes, and neither are files.
  /// - Throws: ``FileError`` where the folder cannot be read, or holds no folder.
  public init(path: String) throws {
    self.path = path
    classNames = try Self.names(in: path).filter { isFolder("\(path)/\($0)") }
    guard !classNames.isEmpty else { throw FileError(path, "has no folders, expected one for each class") }
  }

  /// All PNG, JPEG, PGM and PPM pictures, class after class and sorted by name, as a data set that reads them when a batch
  /// asks for them. Files of other kinds are left out.
  ///
  /// - Parameters:
  ///   - size: Rows and columns of what batches hold.
  ///   - shorterSide: Pixels of the shorter side before the middle is taken; 8/7 of `size`, 256 for 224, where none are given.
  ///   - channels: 1 for grey, 3 for red, green and blue.
  ///   - changes: How pictures are changed at random while a model learns from them.
  ///   - normalization: What becomes of values from 0 to 1.
  ///   - threadCount: How many threads read a batch; as many as the rank computes with where none are given.
  /// - Throws: ``FileError`` where a class has no picture, or one of a format that is not read. Whether a picture can be
  ///   read shows once a batch holds it.
  public func pictures(
    size: Int, shorterSide: Int? = nil, channels: Int = 3, changes: PictureChanges? = nil,
    normalization: PictureNormalization? = nil, threadCount: Int? = nil
  ) throws -> PictureFiles {
    let files = try files()
    return PictureFiles(
      paths: files.map(\.path), labels: files.map(\.label), size: size, shorterSide: shorterSide, channels: channels,
      changes: changes, normalization: normalization, threadCount: threadCount)
  }

  /// Reads all PNG, JPEG, PGM and PPM pictures, class after class and sorted by name. Files of other kinds are left out.
  ///
  /// - Parameter channels: 1 for grey, 3 for red, green and blue; those of the first picture where none are given.
  /// - Throws: ``FileError`` where a picture cannot be read, has another size than the first, or is of a format that is not
  ///   read, where a class has none, and where there are more than 256 classes.
  public func load(channels: Int? = nil) throws -> LabeledImages {
    precondition(channels.map { $0 == 1 || $0 == 3 } ?? true, "pictures of \(channels ?? 0) channels, expected 1 or 3")
    guard classNames.count <= 256 else {
      throw FileError(path, "has \(classNames.count) classes, expected at most 256 where pictures are kept in memory")
    }
    let files = try files()
    let first = try Picture(path: files[0].path)
    let (width, height, channels) = (first.width, first.height, channels ?? first.channels)
    let imageSize = width * height * channels
    let (byteCount, overflow) = imageSize.multipliedReportingOverflow(by: files.count)
    guard !overflow else { throw FileError(path, "holds \(files.count) pictures of \(imageSize) bytes, too many") }
    let pixels = try AlignedBytes(count: byteCount) { bytes in
      for (index, (path, _)) in files.enumerated() {
        let picture = index == 0 ? first : try Picture(path: path)
        guard picture.width == width, picture.height == height else {
          throw FileError(
            path, "is \(picture.width)×\(picture.height) pixels, expected \(width)×\(height) as \(files[0].path)")
        }
        let place = index * imageSize
        UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + imageSize])
          .copyBytes(from: picture.converted(toChannels: channels).pixels)
      }
    }
    return LabeledImages(
      pixels: pixels, labels: files.map { UInt8($0.label) }, channels: channels, height: height, width: width,
      classCount: classNames.count)
  }

  /// Whether a text can be the name of a class: it can be shown on a line.
  static func isClassName(_ text: String) -> Bool {
    !text.isEmpty && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }

  /// Whether names are in the order of ``classNames``, each once.
  static func areSorted(_ names: [String]) -> Bool { zip(names, names.dropFirst()).allSatisfy(isBefore) }

  /// By their bytes.
  private static func isBefore(_ first: String, _ second: String) -> Bool {
    first.utf8.lexicographicallyPrecedes(second.utf8)
  }

  private func files() throws -> [(path: String, label: Int)] {
    try classNames.enumerated().flatMap { label, name in
      try Self.pictures(in: "\(path)/\(name)").map { ($0, label) }
    }
  }

  private static func pictures(in folder: String) throws -> [String] {
    let pictures = try names(in: folder).filter { name in
      let kind = Picture.kind(ofFile: name)
      guard !isFolder("\(folder)/\(name)") else {
        throw FileError("\(folder)/\(name)", "is a folder in that of a class, expected pictures")
      }
      guard !Picture.otherKinds.contains(kind) else {
        throw FileError("\(folder)/\(name)", "is a picture of the format \(kind), expected png, jpg, pgm or ppm")
      }
      return Picture.readableKinds.contains(kind)
    }
    guard !pictures.isEmpty else {
      throw FileError(folder, "holds no picture of its class, expected png, jpg, pgm or ppm")
    }
    return pictures.map { "\(folder)/\($0)" }
  }

  /// The names of what a folder holds, sorted by their bytes, without those that begin with a dot.
  ///
  /// `FileManager` would leave out names that are no text, and with them a part of the data.
  private static func names(in folder: String) throws -> [String] {
    guard let entries = opendir(folder) else { throw FileError.system(folder, "cannot be read as a folder") }
    defer { closedir(entries) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(entries) else {
        if errno != 0 { throw FileError.system(folder, "cannot be read as a folder") }
        return names.sorted(by: isBefore)
      }
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw FileError(
          folder,
          "holds a name that is not UTF-8, \(hexadecimal(bytes)): \(String(decoding: bytes, as: UTF8.self))")
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
  }
}
