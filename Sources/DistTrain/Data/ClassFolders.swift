import Foundation

/// Pictures of one size in one folder for each class, as `torchvision.datasets.ImageFolder`:
///
///     data/cat/1.png   data/cat/2.png   data/dog/1.png
///
///     let folders = try ClassFolders(path: "data")
///     folders.classNames                // ["cat", "dog"]: 0 and 1
///     let images = try folders.load()
public struct ClassFolders: Sendable {
  /// The folder that holds those of the classes.
  public let path: String
  /// The names of the classes' folders, sorted: the place of each is its class.
  public let classNames: [String]

  /// Looks for folders of classes; names that begin with a dot are no classes, and neither are files.
  /// - Throws: ``FileError`` where the folder cannot be read, or holds no folder or more than 256.
  public init(path: String) throws {
    self.path = path
    classNames = try Self.names(in: path).filter { isFolder("\(path)/\($0)") }
    guard (1...256).contains(classNames.count) else {
      throw FileError(path, "has \(classNames.count) folders, expected one for each of 1 to 256 classes")
    }
  }

  /// Reads all PNG, PGM and PPM pictures, class after class and sorted by name. Files of other kinds are left out.
  ///
  /// - Parameter channels: 1 for grey, 3 for red, green and blue; those of the first picture where none are given.
  /// - Throws: ``FileError`` where a picture cannot be read, has another size than the first, or is of a format that is not
  ///   read, as JPEG, and where a class has none.
  public func load(channels: Int? = nil) throws -> LabeledImages {
    precondition(channels.map { $0 == 1 || $0 == 3 } ?? true, "pictures of \(channels ?? 0) channels, expected 1 or 3")
    var files: [(path: String, label: UInt8)] = []
    for (label, name) in classNames.enumerated() {
      files += try Self.pictures(in: "\(path)/\(name)").map { ($0, UInt8(label)) }
    }
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
      pixels: pixels, labels: files.map(\.label), channels: channels, height: height, width: width,
      classCount: classNames.count)
  }

  private static func pictures(in folder: String) throws -> [String] {
    let pictures = try names(in: folder).filter { name in
      let kind = Picture.kind(ofFile: name)
      guard !isFolder("\(folder)/\(name)") else {
        throw FileError("\(folder)/\(name)", "is a folder in that of a class, expected pictures")
      }
      guard !Picture.otherKinds.contains(kind) else {
        throw FileError("\(folder)/\(name)", "is a picture of the format \(kind), expected png, pgm or ppm")
      }
      return Picture.readableKinds.contains(kind)
    }
    guard !pictures.isEmpty else { throw FileError(folder, "holds no picture of its class, expected png, pgm or ppm") }
    return pictures.map { "\(folder)/\($0)" }
  }

  /// The names of what a folder holds, sorted by their bytes, without those that begin with a dot.
  private static func names(in folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw FileError(folder, "cannot be read as a folder: \(error.localizedDescription)")
    }
  }
}
