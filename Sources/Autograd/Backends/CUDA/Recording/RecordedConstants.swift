/// What recorded work reads and does not change, as addresses in the GPU's memory: written once, when all is recorded, and
/// not in each repetition.
final class RecordedConstants {
  let device: Device
  private var all: [Tensor] = []
  private var toWrite: [() -> Void] = []
  private var allOnes: [(elements: Tensor, version: UInt32)] = []

  init(on device: Device) { self.device = device }

  /// Elements that `write` asks the GPU to write, later; they stay where they are as long as this lives.
  func append(_ count: Int, _ dtype: DataType, write: @escaping (_ elements: Tensor) -> Void) -> Tensor {
    let elements = CUDAMemory.withoutReservation { Tensor(uninitialized: [count], dtype: dtype, device: device) }
    all.append(elements)
    toWrite.append { write(elements) }
    return elements
  }

  /// As many ones, which a user's code may change in place nevertheless.
  func ones(_ count: Int, _ dtype: DataType) -> Tensor {
    let elements = append(count, dtype) { $0.backend.fill($0, with: 1) }
    allOnes.append((elements, elements.storage.version))
    return elements
  }

  /// Has all written that are not yet. Nothing may be under recording, which would record it.
  func write() {
    for write in toWrite { write() }
    toWrite = []
  }

  /// Has ones written again that were changed, after all that the GPU was asked for before.
  func restore() {
    for (elements, version) in allOnes where elements.storage.version != version {
      elements.backend.fill(elements, with: 1)
    }
  }
}

extension Tensor {
  /// Ones to be read, in new memory or, while work is recorded, among its constants.
  static func constantOnes(_ shape: [Int], dtype: DataType, device: Device) -> Tensor {
    guard let constants = ThreadState.current.recordedConstants, constants.device == device else {
      return .full(shape, 1, dtype: dtype, device: device)
    }
    return constants.ones(Shape.count(shape), dtype).part(shape: shape)
  }
}
