/// Parameters of a model in the layouts in which recorded work takes them, made by one launch before each repetition and
/// not one by one in it.
///
/// They are made of what the parameters are then, whoever changed them since the last time. Where the work itself has
/// changed a parameter, or others of its storage, it makes the copies that it then asks for.
final class ParameterCopies {
  private struct Copy {
    let parameter: Tensor
    let layout: Layout
    let elements: Tensor
  }

  private let gpu: CUDADevice
  /// They stay, for their storages to be told apart.
  private let parameters: [Tensor]
  /// Those of the parameters' storages before anything was recorded.
  private let versions: [ObjectIdentifier: UInt32]
  private var copies: [Copy] = []
  private var launches: [Launch] = []

  init(of parameters: [Tensor], on gpu: CUDADevice) {
    self.gpu = gpu
    self.parameters = parameters.map { $0.detached() }
    versions = Dictionary(
      parameters.map { (ObjectIdentifier($0.storage), $0.storage.version) }, uniquingKeysWith: { first, _ in first })
  }

  /// The elements of `x` in a layout other than its own, as they will be when the recorded work begins; `nil` if it is none
  /// of the parameters, or has been changed in the work.
  func elements(of x: Tensor, as layout: Layout) -> Tensor? {
    guard let version = versions[ObjectIdentifier(x.storage)], version == x.storage.version else { return nil }
    guard x.dtype == .float32, x.layout == .plain, x.count > 0 else { return nil }
    let known = copies.first {
      $0.layout == layout && $0.parameter.address == x.address && $0.parameter.shape == x.shape
    }
    if let known { return known.elements }
    let elements = CUDAMemory.withoutReservation {
      Tensor(uninitializedStandIn: x.shape(in: layout), isBFloat16: layout.isBFloat16, device: x.device)
    }
    copies.append(Copy(parameter: x.detached(), layout: layout, elements: elements))
    return elements
  }

  /// Takes note of all that were asked for, when nothing is recorded any more.
  func settle() {
    launches = [false, true].compactMap { isBFloat16 in
      let some = copies.filter { $0.layout.isBFloat16 == isBFloat16 }
      guard !some.isEmpty else { return nil }
      return Launch(some.map { Arrangement($0.parameter, $0.layout, $0.elements) }, isBFloat16, .cuda(gpu.index))
    }
  }

  /// Makes all copies, after all that the GPU was asked for before.
  func make() {
    for launch in launches {
      gpu.launch(
        launch.kernel, in: .copies, blocks: launch.blocks, threads: Transposition.threads, launch.count,
        launch.table.address)
    }
  }

  /// Copies of one type, all by one launch.
  private struct Launch {
    let kernel: String
    let count: Int
    let blocks: Int
    /// `Arrangement` in `copies.cu`, of each.
    let table: Tensor

    init(_ all: [Arrangement], _ isBFloat16: Bool, _ device: Device) {
      var rows: [Int] = []
      var blocks = 0
      for one in all {
        rows += [one.source, one.result, one.rows, one.columns, blocks]
        blocks += one.blocks
      }
      kernel = "arrange_each_\(isBFloat16 ? "bf16" : "f32")"
      count = all.count
      self.blocks = blocks
      table = Tensor(rows).to(device)
    }
  }
}

/// What `arrange_each` does with one array: it exchanges rows and columns of matrices one after another, and leaves one
/// column as it is.
private struct Arrangement {
  let source: Int
  let result: Int
  let rows: Int
  let columns: Int
  let blocks: Int

  /// `elementsOfBlock` in `copies.cu`.
  private static let elementsOfBlock = 4096

  init(_ x: Tensor, _ layout: Layout, _ elements: Tensor) {
    source = Int(bitPattern: x.address)
    result = Int(bitPattern: elements.address)
    if x.isInOrder(of: layout) {
      (rows, columns) = (x.count, 1)
      blocks = (rows + Self.elementsOfBlock - 1) / Self.elementsOfBlock
    } else {
      (rows, columns) = (x.shape[1], x.shape[2] * x.shape[3])
      blocks = Transposition(matrices: x.shape[0], rows: rows, columns: columns).blocks
    }
  }
}
