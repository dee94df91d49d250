/// Where the matrices of one kind are, of every head of an attention.
struct HeadMatrices {
  fileprivate let address: UInt
  /// Bytes from those of one batch to those of the next, and from head to head.
  fileprivate let batchStride: Int
  fileprivate let headStride: Int
  /// Elements from row to row.
  let rowStride: Int

  /// The rows of each head from number `first` on.
  static func rows(of rows: HeadRows, from first: Int = 0) -> HeadMatrices {
    let (layout, size) = (rows.layout, rows.tensor.dtype.byteCount)
    let start = layout.offset + first * layout.rowStride
    return HeadMatrices(
      address: UInt(bitPattern: rows.tensor.address + start * size), batchStride: layout.batchStride * size,
      headStride: layout.headStride * size, rowStride: layout.rowStride)
  }

  /// The scores of a block's heads, one after the other.
  static func scores(_ scores: Tensor, of block: AttentionBlock, headsOfBatch: Int) -> HeadMatrices {
    let stride = block.queries * block.pitch * scores.dtype.byteCount
    return HeadMatrices(
      address: UInt(bitPattern: scores.address) &- UInt(block.firstHead * stride),
      batchStride: headsOfBatch * stride, headStride: stride, rowStride: block.pitch)
  }
}

/// `AllHeadMatrices` in `attention.cu`: what its kernel needs to know of up to nine kinds.
struct AllHeadMatrices: KernelArgument {
  private typealias Kind = (start: UInt, batchStride: Int, headStride: Int)

  private let count: Int
  private var kinds = InlineArray<9, Kind>(repeating: (0, 0, 0))

  init(_ all: [HeadMatrices]) {
    count = all.count
    for (place, kind) in all.enumerated() { kinds[place] = (kind.address, kind.batchStride, kind.headStride) }
  }
}

/// `KernelMask` in `attention.cu`.
struct KernelMask: KernelArgument {
  private let elements: UnsafeMutableRawPointer?
  private let kind: Int
  private let heads: Walk
  private let queryStride: Int
  private let keyStride: Int

  init(_ mask: AttentionMask?) {
    elements = mask?.tensor.address
    kind = mask.map { $0.tensor.dtype == .bool ? 1 : 2 } ?? 0
    heads = Walk(mask?.heads ?? MergedDimensions(shape: [], strides: [[]]))
    queryStride = mask?.queryStride ?? 0
    keyStride = mask?.keyStride ?? 0
  }
}
