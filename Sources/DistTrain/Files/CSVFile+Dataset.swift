import Autograd

extension CSVFile {
  /// Some columns as a tensor [rows, columns].
  ///
  /// - Parameters:
  ///   - columns: Their names, in the order wanted; all columns where none are given.
  ///   - dtype: The type of the elements.
  /// - Throws: ``FileError`` where a column is not there or there twice.
  public func tensor(_ columns: [String]? = nil, dtype: DataType = .float32) throws -> Tensor {
    tensor(try columns?.map(column) ?? Array(0..<columnCount)).cast(to: dtype)
  }

  /// Samples whose targets are numbers to approximate: `float32` inputs [n, columns] of all columns but one, and
  /// `float32` targets [n, 1].
  ///
  /// - Parameter target: The name of the column with the targets.
  /// - Throws: ``FileError`` where the column is not there or there twice.
  public func dataset(target: String) throws -> TensorDataset {
    let column = try column(target)
    return TensorDataset(inputs(without: column), tensor([column]).cast(to: .float32))
  }

  /// Samples whose targets are numbers of classes: `float32` inputs [n, columns] of all columns but one, and `int64`
  /// targets [n].
  ///
  /// - Parameter classes: The name of the column with the classes, or with their names, as it was read.
  /// - Throws: ``FileError`` where the column is not there or there twice, or holds something else than 0, 1, 2, …
  public func dataset(classes: String) throws -> TensorDataset {
    let column = try column(classes)
    let labels = try (0..<rowCount).map { row in
      let value = values[row * columnCount + column]
      guard let label = Int64(exactly: value), label >= 0 else {
        throw FileError(
          path, "line \(lines[row]): column '\(classes)' is \(value), expected a class: 0, 1, 2, …")
      }
      return label
    }
    return TensorDataset(inputs(without: column), Tensor(labels, shape: [rowCount]))
  }

  private func inputs(without target: Int) -> Tensor {
    tensor((0..<columnCount).filter { $0 != target }).cast(to: .float32)
  }

  private func tensor(_ columns: [Int]) -> Tensor {
    var elements: [Double] = []
    elements.reserveCapacity(rowCount * columns.count)
    for row in 0..<rowCount { for column in columns { elements.append(values[row * columnCount + column]) } }
    return Tensor(elements, shape: [rowCount, columns.count])
  }

  private func column(_ name: String) throws -> Int { try Self.column(name, of: columnNames, path) }
}
