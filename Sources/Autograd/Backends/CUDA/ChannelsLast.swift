// Images [N, C, H, W] in the order that convolutions on tensor cores want them in, [N, H, W, C]: no operator sees it.
//
// A convolution leaves its result so, behind the result's back: its storage has `images` in place of memory, in bfloat16
// if it was computed in bfloat16. What of this backend can compute on those, and most that comes between convolutions
// can, leaves its own result so too; for all others the elements are brought into their own order and type when the
// storage is asked for its memory, and stay in it. That may change the order in which later operations add up, but
// reading elements on the processor does not.

extension Tensor {
  /// The elements as [N, H, W, C], where that is how they lie in memory.
  package var channelsLast: Tensor? {
    guard let images = storage.images, rank == 4, images.dtype == dtype, images.shape == channelsLastShape else {
      return nil
    }
    return images
  }

  /// Whether the elements, of type float32, are kept as bfloat16; only ``channelsLast`` can be such a tensor.
  package var isBFloat16: Bool { storage.isBFloat16 }

  /// What the names of kernels for elements as these are kept end in.
  var suffix: String { isBFloat16 ? "bf16" : dtype.suffix }

  /// Bytes that an element takes as it is kept.
  var elementByteCount: Int { isBFloat16 ? 2 : dtype.byteCount }

  /// Images [N, H, W, C] of type float32.
  convenience init(uninitializedImages shape: [Int], isBFloat16: Bool, device: Device) {
    let byteCount = Shape.count(shape) * (isBFloat16 ? 2 : 4)
    let storage = Storage(byteCount: byteCount, device: device, isBFloat16: isBFloat16)
    self.init(storage: storage, shape: shape, dtype: .float32)
  }

  fileprivate var channelsLastShape: [Int] { [shape[0], shape[2], shape[3], shape[1]] }

  /// Whether the elements are in the same place in both orders.
  fileprivate var isOfOneOrder: Bool { shape[1] == 1 || shape[2] * shape[3] == 1 }
}

extension CUDABackend {
  /// The elements of `x` as [N, H, W, C], in bfloat16 or not: in its own memory if they lie so there, else in a copy.
  func arrangedChannelsLast(_ x: Tensor, isBFloat16: Bool) -> Tensor {
    let images = x.channelsLast ?? (x.isOfOneOrder ? x.part(shape: x.channelsLastShape) : nil)
    if let images, images.isBFloat16 == isBFloat16 { return images }
    let copy = Tensor(uninitializedImages: x.channelsLastShape, isBFloat16: isBFloat16, device: x.device)
    if let images {
      convert(images, to: copy)
    } else {
      transpose(
        x, "f32_\(copy.suffix)", matrices: x.shape[0], rows: x.shape[1], columns: x.shape[2] * x.shape[3],
        into: copy.address)
    }
    return copy
  }

  /// Lets `body` overwrite the elements of `result`, which it gets as [N, H, W, C], in bfloat16 or not. If they `mayStay`
  /// that is how they are kept from then on, where the memory is this tensor's alone and the order matters.
  func writeChannelsLast(
    _ result: Tensor, isBFloat16: Bool, mayStay: Bool = true, _ body: (_ images: Tensor) -> Void
  ) {
    precondition(result.rank == 4, "images of shape \(result.shape)")
    let shape = result.channelsLastShape
    if mayStay {
      if let images = result.channelsLast, images.isBFloat16 == isBFloat16 { return body(images) }
      if result.isOfOneOrder {
        if !isBFloat16 { return body(result.part(shape: shape)) }
      } else if result.isAloneInStorage {
        return body(result.storage.makeImages(shape, isBFloat16: isBFloat16))
      }
    }
    let images = Tensor(uninitializedImages: shape, isBFloat16: isBFloat16, device: result.device)
    body(images)
    write(images, to: result.address)
  }

  /// Whether adding to `result` as [N, H, W, C] takes no more than the sum.
  func canAddChannelsLast(to result: Tensor, isBFloat16: Bool) -> Bool {
    result.channelsLast.map { $0.isBFloat16 == isBFloat16 } ?? (result.isOfOneOrder && !isBFloat16)
  }

  /// Writes images [N, H, W, C] as [N, C, H, W], of float32.
  func write(_ images: Tensor, to memory: UnsafeMutableRawPointer) {
    let (rows, columns) = (images.shape[1] * images.shape[2], images.shape[3])
    if images.isBFloat16 && (rows == 1 || columns == 1) {
      return widen(images.address, count: images.count, into: memory, adding: false)
    }
    transpose(
      images, "\(images.suffix)_f32", matrices: images.shape[0], rows: rows, columns: columns, into: memory)
  }

  private func transpose(
    _ x: Tensor, _ types: String, matrices: Int, rows: Int, columns: Int, into memory: UnsafeMutableRawPointer
  ) {
    guard x.count > 0 else { return }
    precondition(x.dtype == .float32, "images of \(x.dtype) with channels last")
    let tiles = ((rows + 31) / 32, (columns + 31) / 32)
    device.launch(
      "transpose_\(types)", in: .copies, blocks: LaunchExtent(matrices * tiles.0 * tiles.1),
      threads: LaunchExtent(32, 8), rows, columns, x.address, memory)
  }

  /// From float32 to bfloat16, or back.
  private func convert(_ images: Tensor, to copy: Tensor) {
    if copy.isBFloat16 {
      launch("round_bf16", in: .copies, over: images.count, images.count, images.address, copy.address)
    } else {
      widen(images.address, count: images.count, into: copy.address, adding: false)
    }
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
