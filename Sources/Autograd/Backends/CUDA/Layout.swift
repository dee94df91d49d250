// How the elements of a tensor are kept in a GPU's memory, which no operator sees.
//
// A convolution on tensor cores leaves its result in the order that the next wants, [N, H, W, C]; what is computed in
// bfloat16 stays in bfloat16, of which half as many bytes are moved. The result's storage then has a stand-in in place of
// memory. What of this backend can compute on that, and most that comes between convolutions and linear layers can,
// leaves its own result so too; for all others the elements are brought into the plain layout when the storage is asked
// for its memory, and stay in it: later operations may add them up in another order, and do not round results that they
// would have kept in bfloat16. Reading elements on the processor changes nothing.

/// How the elements of a tensor lie in memory.
package struct Layout: Equatable, Sendable {
  /// Whether images [N, C, H, W] lie as [N, H, W, C].
  package var isChannelsLast = false
  /// Whether elements of type float32 are kept as bfloat16, of two bytes each.
  package var isBFloat16 = false

  package init(isChannelsLast: Bool = false, isBFloat16: Bool = false) {
    self.isChannelsLast = isChannelsLast
    self.isBFloat16 = isBFloat16
  }

  /// In the order of the shape, in the tensor's own type: as every operation can compute on them.
  package static let plain = Layout()
}

extension Tensor {
  /// How the elements are kept.
  package var layout: Layout {
    guard let standIn else { return .plain }
    return Layout(isChannelsLast: standIn.rank == 4, isBFloat16: standIn.isBFloat16)
  }

  /// This copy of `original`, or that itself where products take more digits than when the copy was made.
  func unlessRounded(from original: Tensor) -> Tensor {
    self !== original && layout.isBFloat16 && ProductPrecision.current != .bfloat16 ? original : self
  }

  /// What has the elements if their layout is not plain: [N, H, W, C], or [count] in the order of the shape.
  fileprivate var standIn: Tensor? {
    guard let standIn = storage.standIn, dtype == standIn.dtype, count == standIn.count else { return nil }
    return standIn.rank == 1 || (rank == 4 && standIn.shape == channelsLastShape) ? standIn : nil
  }

  /// Whether the elements, of type float32, are kept as bfloat16: of a stand-in, or a part of one.
  var isBFloat16: Bool { storage.isBFloat16 }

  /// What the names of kernels for elements as these are kept end in.
  var suffix: String { isBFloat16 ? "bf16" : dtype.suffix }

  /// Bytes that an element takes as it is kept.
  var elementByteCount: Int { isBFloat16 ? 2 : dtype.byteCount }

  /// Elements of type float32 as they are kept in a stand-in.
  convenience init(uninitializedStandIn shape: [Int], isBFloat16: Bool, device: Device) {
    let byteCount = Shape.count(shape) * (isBFloat16 ? 2 : 4)
    let storage = Storage(byteCount: byteCount, device: device, isBFloat16: isBFloat16)
    self.init(storage: storage, shape: shape, dtype: .float32)
  }

  fileprivate var channelsLastShape: [Int] { [shape[0], shape[2], shape[3], shape[1]] }

  /// Whether the elements of images are in the same place in both orders.
  fileprivate var isOfOneOrder: Bool { shape[1] == 1 || shape[2] * shape[3] == 1 }

  /// Whether the elements are in the places that they have in a layout.
  func isInOrder(of layout: Layout) -> Bool {
    self.layout.isChannelsLast == layout.isChannelsLast || (rank == 4 && isOfOneOrder)
  }

  /// The shape in which a stand-in of a layout is computed on.
  func shape(in layout: Layout) -> [Int] { layout.isChannelsLast ? channelsLastShape : shape }
}

extension CUDABackend {
  /// The elements of `x` in a layout, as [N, H, W, C] if that is their order: where they are if they are kept so, else in
  /// a copy.
  func arranged(_ x: Tensor, as layout: Layout) -> Tensor {
    if layout == .plain { return x }
    let shape = x.shape(in: layout)
    let elements = x.standIn ?? x
    if x.isInOrder(of: layout) && elements.isBFloat16 == layout.isBFloat16 {
      return elements.part(shape: shape)
    }
    if let made = ThreadState.current.parameterCopies?.elements(of: x, as: layout) { return made.part(shape: shape) }
    let copy = Tensor(uninitializedStandIn: shape, isBFloat16: layout.isBFloat16, device: x.device)
    arrange(x, as: layout, into: copy)
    return copy
  }

  /// The tensor, or a copy of it, which is kept in a layout.
  func kept(_ x: Tensor, as layout: Layout) -> Tensor {
    let layout = distinct(layout, for: x)
    if x.layout == layout { return x }
    let copy = x.uninitializedLike()
    if let made = ThreadState.current.parameterCopies?.elements(of: x, as: layout) {
      copy.storage.keepElements(in: made.part(shape: layout.isChannelsLast ? made.shape : [x.count]))
    } else {
      write(copy, as: layout) { arrange(x, as: layout, into: $0) }
    }
    return copy
  }

  private func arrange(_ x: Tensor, as layout: Layout, into copy: Tensor) {
    let elements = x.standIn ?? x
    if x.isInOrder(of: layout) { return convert(elements, toTypeOf: copy) }
    let (channels, places) = (x.shape[1], x.shape[2] * x.shape[3])
    let (rows, columns) = layout.isChannelsLast ? (channels, places) : (places, channels)
    transpose(elements, matrices: x.shape[0], rows: rows, columns: columns, as: copy.suffix, into: copy.address)
  }

  /// Lets `body` overwrite the elements of `result`, which it gets in a layout, as [N, H, W, C] if that is their order.
  /// They are kept so from then on where they may be.
  func write(_ result: Tensor, as layout: Layout, _ body: (_ elements: Tensor) -> Void) {
    let shape = result.shape(in: layout), wanted = distinct(layout, for: result)
    let standInShape = wanted.isChannelsLast ? shape : [result.count]
    switch possibleLayout(of: result, like: wanted) {
    case .plain where wanted == .plain:
      body(result.part(shape: shape))
    case wanted:
      let standIn =
        result.layout == wanted
        ? result.standIn : result.storage.makeStandIn(standInShape, isBFloat16: wanted.isBFloat16)
      guard let standIn else { preconditionFailure("a layout that is not plain without a stand-in") }
      body(standIn.part(shape: shape))
    case let kept:
      let elements = Tensor(
        uninitializedStandIn: standInShape, isBFloat16: wanted.isBFloat16, device: result.device)
      body(elements.part(shape: shape))
      if kept == .plain { return writePlain(elements, to: result.address) }
      write(result, as: kept) { convert(elements, toTypeOf: $0) }
    }
  }

  /// Whether adding to `result` in a layout takes no more than the sum.
  func canAdd(to result: Tensor, as layout: Layout) -> Bool { result.layout == distinct(layout, for: result) }

  /// The layout without an order where there is but one.
  private func distinct(_ layout: Layout, for x: Tensor) -> Layout {
    Layout(isChannelsLast: layout.isChannelsLast && !x.isOfOneOrder, isBFloat16: layout.isBFloat16)
  }

  /// The layout in which elements that are written to `x` in another can be kept.
  private func possibleLayout(of x: Tensor, like layout: Layout) -> Layout {
    if x.layout == layout { return layout }
    guard x.isAloneInStorage else { return .plain }
    return switch x.storage.layoutFreedom {
    case .any: layout
    case .order: Layout(isChannelsLast: layout.isChannelsLast)
    case .none: .plain
    }
  }

  /// Writes the elements of a stand-in in the plain layout.
  func writePlain(_ standIn: Tensor, to memory: UnsafeMutableRawPointer) {
    guard standIn.rank == 4 else { return widen(standIn.address, count: standIn.count, into: memory, adding: false) }
    let shape = standIn.shape
    transpose(
      standIn, matrices: shape[0], rows: shape[1] * shape[2], columns: shape[3], as: DataType.float32.suffix,
      into: memory)
  }

  private func transpose(
    _ x: Tensor, matrices: Int, rows: Int, columns: Int, as suffix: String, into memory: UnsafeMutableRawPointer
  ) {
    guard x.count > 0 else { return }
    precondition(x.dtype == .float32, "elements of \(x.dtype) in another order")
    let transposition = Transposition(matrices: matrices, rows: rows, columns: columns)
    device.launch(
      "\(transposition.isNarrow ? "transpose_narrow" : "transpose")_\(x.suffix)_\(suffix)", in: .copies,
      blocks: transposition.blocks, threads: Transposition.threads, rows, columns, x.address, memory)
  }

  /// From float32 to bfloat16, or back.
  private func convert(_ x: Tensor, toTypeOf copy: Tensor) {
    if copy.isBFloat16 {
      launch("round_bf16", in: .copies, over: x.count, x.count, x.address, copy.address)
    } else {
      widen(x.address, count: x.count, into: copy.address, adding: false)
    }
  }
}

/// How many blocks exchange rows and columns of matrices, and by which kernel of `copies.cu`.
struct Transposition {
  let isNarrow: Bool
  let blocks: Int

  static let threads = 256
  /// `mostOfFew` in `copies.cu`.
  private static let mostOfFew = 16

  init(matrices: Int, rows: Int, columns: Int) {
    isNarrow = min(rows, columns) <= Self.mostOfFew
    let ofMatrix = isNarrow ? (max(rows, columns) + 255) / 256 : (rows + 31) / 32 * ((columns + 31) / 32)
    blocks = matrices * ofMatrix
  }
}

/// The storages of a thread's tensors that have a stand-in in place of memory, and some that had.
struct StandIns {
  private struct Weak {
    weak var storage: Storage?
  }

  private var all: [Weak] = []
  /// How many there may be before those that are gone are looked for.
  private var room = 256

  mutating func append(_ storage: Storage) {
    if all.count >= room {
      all.removeAll { $0.storage?.standIn == nil }
      room = max(256, 2 * all.count)
    }
    all.append(Weak(storage: storage))
  }

  /// Brings the elements of all into the plain layout, so that their place in memory does not change from then on.
  mutating func makePlain() {
    for entry in all { entry.storage?.makePlain() }
    all = []
  }
}

extension GroupExtents {
  /// The same groups of `x` as it is in a layout, if they are there: where channels are last, only the channels are.
  func arranged(as layout: Layout, of x: Tensor) -> GroupExtents? {
    guard layout.isChannelsLast else { return self }
    guard [outer, groups, inner] == [x.shape[0], x.shape[1], x.shape[2] * x.shape[3]] else { return nil }
    return GroupExtents(outer: outer * inner, groups: groups, inner: 1)
  }
}
