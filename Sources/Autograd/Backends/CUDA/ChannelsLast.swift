// Images [N, C, H, W] in the order that convolutions on tensor cores want them in, [N, H, W, C]: no operator sees it.
//
// A convolution leaves its result so, behind the result's back: its storage has `images` in place of memory. What of this
// backend can compute on those, and most that comes between convolutions can, leaves its own result so too; for all
// others the elements are brought into their own order when the storage is asked for its memory, and stay in it. That may
// change the order in which later operations add up, but reading elements on the processor does not.

extension Tensor {
  /// The elements as [N, H, W, C], where that is how they lie in memory.
  package var channelsLast: Tensor? {
    guard let images = storage.images, rank == 4, images.dtype == dtype, images.shape == channelsLastShape else {
      return nil
    }
    return images
  }

  fileprivate var channelsLastShape: [Int] { [shape[0], shape[2], shape[3], shape[1]] }

  /// Whether the elements are in the same place in both orders.
  fileprivate var isOfOneOrder: Bool { shape[1] == 1 || shape[2] * shape[3] == 1 }
}

extension CUDABackend {
  /// The elements of `x` as [N, H, W, C]: in its own memory if they lie so there, else in a copy.
  func arrangedChannelsLast(_ x: Tensor) -> Tensor {
    if let images = x.channelsLast { return images }
    if x.isOfOneOrder { return x.part(shape: x.channelsLastShape) }
    let images = Tensor(uninitialized: x.channelsLastShape, dtype: x.dtype, device: x.device)
    transpose(x, matrices: x.shape[0], rows: x.shape[1], columns: x.shape[2] * x.shape[3], into: images.address)
    return images
  }

  /// Lets `body` overwrite the elements of `result`, which it gets as [N, H, W, C]; that is how they lie from then on, if
  /// the memory is this tensor's alone.
  func writeChannelsLast(_ result: Tensor, _ body: (_ images: Tensor) -> Void) {
    precondition(result.rank == 4, "images of shape \(result.shape)")
    if let images = result.channelsLast { return body(images) }
    if result.isOfOneOrder { return body(result.part(shape: result.channelsLastShape)) }
    if result.storage.images == nil, result.isAloneInStorage {
      return body(result.storage.makeImages(result.channelsLastShape, result.dtype))
    }
    let images = Tensor(uninitialized: result.channelsLastShape, dtype: result.dtype, device: result.device)
    body(images)
    transposeImages(images, to: result.address)
  }

  /// Whether adding to `result` as [N, H, W, C] takes no more than the sum.
  func canAddChannelsLast(to result: Tensor) -> Bool { result.channelsLast != nil || result.isOfOneOrder }

  /// Writes images [N, H, W, C] as [N, C, H, W].
  func transposeImages(_ images: Tensor, to memory: UnsafeMutableRawPointer) {
    let shape = images.shape
    transpose(images, matrices: shape[0], rows: shape[1] * shape[2], columns: shape[3], into: memory)
  }

  private func transpose(
    _ x: Tensor, matrices: Int, rows: Int, columns: Int, into memory: UnsafeMutableRawPointer
  ) {
    guard x.count > 0 else { return }
    precondition(x.dtype.byteCount == 4, "images of \(x.dtype) with channels last")
    let tiles = ((rows + 31) / 32, (columns + 31) / 32)
    device.launch(
      "transpose_32", in: .copies, blocks: LaunchExtent(matrices * tiles.0 * tiles.1), threads: LaunchExtent(32, 8),
      rows, columns, x.address, memory)
  }
}

/// The storages of a thread's tensors that have images in place of memory, and some that had.
struct ImageStorages {
  private struct Weak {
    weak var storage: Storage?
  }

  private var all: [Weak] = []
  /// How many there may be before those that are gone are looked for.
  private var room = 256

  mutating func append(_ storage: Storage) {
    if all.count >= room {
      all.removeAll { $0.storage?.images == nil }
      room = max(256, 2 * all.count)
    }
    all.append(Weak(storage: storage))
  }

  /// Brings the elements of all into the order of their tensors' shapes, so that their place in memory does not change
  /// from then on.
  mutating func bringIntoOwnOrder() {
    for entry in all {
      if let storage = entry.storage, storage.images != nil { _ = storage.pointer }
    }
    all = []
  }
}

extension GroupExtents {
  /// The same groups where images lie channels last, if they are the channels of `x` [N, C, H, W].
  func channelsLast(of x: Tensor) -> GroupExtents? {
    guard x.rank == 4, [outer, groups, inner] == [x.shape[0], x.shape[1], x.shape[2] * x.shape[3]] else { return nil }
    return GroupExtents(outer: outer * inner, groups: groups, inner: 1)
  }
}
