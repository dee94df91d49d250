/// Arrays with names, as `numpy.savez` and `numpy.savez_compressed` write them: a ZIP archive of NPY files.
///
///     let file = try NPZFile(path: "digits.npz")
///     let data = TensorDataset(try file.array("images").tensor, try file.array("labels").tensor)
public struct NPZFile: Sendable {
  /// The file.
  public let path: String
  /// The names of the arrays, in the order of the file.
  public var names: [String] { entries.map(\.name) }

  private let entries: [(name: String, entry: ZIPArchive.Entry)]

  /// Reads what there is in a file, without the arrays.
  /// - Throws: ``FileError`` where the file cannot be read or is no ZIP archive, or holds something that is no NPY file.
  public init(path: String) throws {
    self.path = path
    let suffix = ".npy"
    entries = try ZIPArchive.entries(of: InputFile(path: path)).map { entry in
      guard entry.name.hasSuffix(suffix) else {
        throw FileError(path, "holds '\(entry.name)', expected names that end with \(suffix)")
      }
      return (String(entry.name.dropLast(suffix.count)), entry)
    }
  }

  /// Reads one array.
  /// - Parameters:
  ///   - name: One of ``names``.
  ///   - limit: The most bytes of elements that are accepted.
  /// - Throws: ``FileError`` where there is none of this name, or it is corrupt or of a type that is not read.
  public func array(_ name: String, limit: Int = 1 << 32) throws -> NPYFile {
    guard let entry = entries.first(where: { $0.name == name })?.entry else {
      throw FileError(path, "has no array '\(name)', but \(names)")
    }
    return try NPYFile(reading: ZIPArchive.contents(of: entry, in: InputFile(path: path)), limit: limit)
  }
}
