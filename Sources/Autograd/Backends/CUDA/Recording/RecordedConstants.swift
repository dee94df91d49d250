/// What recorded work reads and never changes, as addresses in the GPU's memory: written once, when all is recorded, and not
/// in each repetition.
final class RecordedConstants {
  private let device: Device
  private var all: [Tensor] = []
  private var toWrite: [() -> Void] = []

  init(on device: Device) { self.device = device }

  /// Elements that `write` asks the GPU to write, later; they stay where they are as long as this lives.
  func append(_ count: Int, _ dtype: DataType, write: @escaping (_ elements: Tensor) -> Void) -> Tensor {
    let elements = CUDAMemory.withoutReservation { Tensor(uninitialized: [count], dtype: dtype, device: device) }
    all.append(elements)
    toWrite.append { write(elements) }
    return elements
  }

  /// Has all written that are not yet. Nothing may be under recording, which would record it.
  func write() {
    for write in toWrite { write() }
    toWrite = []
  }
}
