import Autograd

/// A copy of all samples of a data set in a GPU's memory, from which the GPU gathers batches by itself: only the numbers
/// of the samples travel to it.
package final class ResidentSamples {
  private let columns: [(values: Tensor, conversion: SampleColumn.Conversion)]

  /// The samples on `device`; nil where they are not in memory as columns, or are more than `byteLimit`, which is a
  /// quarter of what is free there unless given.
  package init?(_ dataset: any Dataset, on device: Device, byteLimit: Int? = nil) {
    guard let columns = dataset.columns else { return nil }
    for (index, column) in columns.enumerated() {
      let needed = dataset.count * column.sampleByteCount
      precondition(
        column.bytes.count == needed,
        "column \(index) of a data set has \(column.bytes.count) bytes, expected \(needed) for \(dataset.count) samples"
      )
    }
    let byteCount = columns.reduce(0) { $0 + $1.bytes.count }
    guard byteCount <= byteLimit ?? device.freeByteCount / 4 else { return nil }
    self.columns = columns.map { column in
      let values = Tensor(shape: [dataset.count] + column.shape, dtype: column.dtype) { target in
        column.bytes.withUnsafeBytes { target.copyMemory(from: $0) }
      }
      return (values.to(device), column.conversion)
    }
  }

  /// How many tensors a batch consists of.
  var columnCount: Int { columns.count }

  /// One tensor of the batch of the samples with the given numbers, `int64` [n] on the same GPU.
  func column(_ index: Int, of samples: Tensor) -> Tensor {
    let (values, conversion) = columns[index]
    switch conversion {
    case .wholeNumbers where values.dtype == .uint8: return values.selectedBytes(samples, as: .int64)
    case .fractionsOf255 where values.dtype == .uint8: return values.selectedBytes(samples, as: .float32)
    default: break
    }
    let rows = values.selected(samples, along: 0)
    return switch conversion {
    case .none: rows
    case .wholeNumbers: rows.cast(to: .int64)
    case .fractionsOf255: rows.cast(to: .float32) / 255
    }
  }
}
