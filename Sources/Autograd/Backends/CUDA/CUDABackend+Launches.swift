/// Threads of a block where nothing else decides.
private let blockSize = 256

extension CUDABackend {
  /// Starts a kernel whose threads together go through `count` places.
  func launch(_ kernel: String, in module: KernelModule, over count: Int, _ arguments: any KernelArgument...) {
    launch(kernel, in: module, over: count, arguments: arguments)
  }

  /// The same with the arguments in an array.
  func launch(_ kernel: String, in module: KernelModule, over count: Int, arguments: [any KernelArgument]) {
    let blocks = min((count + blockSize - 1) / blockSize, device.multiprocessorCount * 16)
    device.launch(
      kernel, in: module, blocks: LaunchExtent(blocks), threads: LaunchExtent(blockSize), arguments: arguments)
  }

  /// The same for a kernel of which a multiprocessor has three blocks at once, and whose threads prepare something for a
  /// place of a row: all blocks are there at once, and each thread stays at its place in rows of `period`, if that takes
  /// no more blocks.
  func launch(
    _ kernel: String, in module: KernelModule, over count: Int, rowsOf period: Int, _ arguments: any KernelArgument...
  ) {
    var blocks = min((count + blockSize - 1) / blockSize, device.multiprocessorCount * 3)
    let wholeRows = period >> min(period.trailingZeroBitCount, blockSize.trailingZeroBitCount)
    if blocks >= wholeRows { blocks -= blocks % wholeRows }
    device.launch(
      kernel, in: module, blocks: LaunchExtent(blocks), threads: LaunchExtent(blockSize), arguments: arguments)
  }

  /// Starts a kernel that has a row of threads for each of `rows` rows of `length` elements.
  func launch(
    _ kernel: String, in module: KernelModule, rows: Int, of length: Int, parts: Int = 1,
    _ arguments: any KernelArgument...
  ) {
    let threads =
      length <= 128 ? LaunchExtent(32, 8) : length <= 1024 ? LaunchExtent(128) : LaunchExtent(blockSize)
    device.launch(
      kernel, in: module, blocks: LaunchExtent((rows + threads.y - 1) / threads.y, parts), threads: threads,
      arguments: arguments)
  }

  /// Starts a kernel that adds up the columns of `matrices` matrices, or of packs of them.
  func launch(
    _ kernel: String, in module: KernelModule, columns: Int, matrices: Int = 1, parts: ReductionParts,
    _ arguments: any KernelArgument...
  ) {
    let lanes = parts.lanes
    device.launch(
      kernel, in: module, blocks: LaunchExtent(matrices * ((columns + lanes - 1) / lanes), parts.count),
      threads: LaunchExtent(lanes, blockSize / lanes), arguments: arguments)
  }

  /// Memory of the GPU for what one kernel leaves for the next.
  func scratch(_ count: Int, _ dtype: DataType) -> Tensor {
    Tensor(uninitialized: [count], dtype: dtype, device: .cuda(device.index))
  }

  /// Writes `count` bfloat16 numbers as float32, or adds them to what is there.
  func widen(_ x: UnsafeMutableRawPointer, count: Int, into result: UnsafeMutableRawPointer, adding: Bool) {
    launch("widen_bf16", in: .copies, over: count, count, Int32(adding ? 1 : 0), x, result)
  }
}

/// How sums are divided among blocks. It depends on shapes alone, and so does the order in which elements are added.
struct ReductionParts {
  /// The elements, or rows of columns, of one part.
  let chunk: Int
  let count: Int
  /// The columns, or packs of them, that a block adds up side by side: with fewer of them it has more rows in work at once.
  let lanes: Int

  /// Parts for each of `groups` sums of `length` elements, or packs of `width` elements.
  init(groups: Int, length: Int, width: Int = 1) {
    self.init(of: length, atLeast: 8192 / width, atMost: groups >= Self.enough ? 1 : Self.enough)
  }

  /// Parts for the sums of `columns` columns, or packs of them, of each of `matrices` matrices.
  init(matrices: Int, rows: Int, columns: Int) {
    func tiles(_ lanes: Int) -> Int { max(matrices * ((columns + lanes - 1) / lanes), 1) }
    let widest = [8, 16].first { columns <= $0 } ?? 32
    let parts = ReductionParts(of: rows, atLeast: 256, atMost: max(Self.enough * 2 / tiles(widest), 1))
    var lanes = widest
    while lanes > 8 && tiles(lanes) * parts.count < Self.few { lanes /= 2 }
    (chunk, count, self.lanes) = (parts.chunk, parts.count, lanes)
  }

  private init(of length: Int, atLeast smallest: Int, atMost most: Int) {
    lanes = 32
    let parts = min(max((length + smallest - 1) / smallest, 1), most)
    chunk = max((length + parts - 1) / parts, 1)
    count = max((length + chunk - 1) / chunk, 1)
  }

  /// With fewer blocks than that, multiprocessors of large GPUs have none.
  private static let few = 128
  /// As many blocks as keep every GPU busy.
  private static let enough = 512
}

extension Tensor {
  /// The packs in which neighbours of so many columns of elements are added up; see `ColumnPack` in `reduce.h`.
  func columnPacks(_ columns: Int) -> Int {
    let width = max(8 / elementByteCount, 1)
    return columns % width == 0 ? columns / width : columns
  }
}
