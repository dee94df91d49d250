import Autograd
import DistTrain
import Synchronization

/// Samples whose only tensor is their number.
func numbered(_ count: Int) -> TensorDataset { TensorDataset(Tensor(Array(0..<count), shape: [count])) }

extension Batch {
  /// The numbers of samples of ``numbered(_:)``.
  var numbers: [Int] { self[0].array(of: Int.self) }
}

/// An error of a data set that tests make.
struct UnreadableSample: Error, Equatable {
  let index: Int
}

/// Numbered samples that record what was asked of them, one of which may be unreadable.
final class WatchedSamples: Dataset {
  let count: Int
  private let unreadable: Int?
  private let asked = Mutex<[[Int]]>([])

  init(_ count: Int, unreadable: Int? = nil) {
    self.count = count
    self.unreadable = unreadable
  }

  /// What was asked for so far, batch after batch.
  var askedBatches: [[Int]] { asked.withLock { $0 } }

  func batch(_ indices: [Int]) throws -> Batch {
    asked.withLock { $0.append(indices) }
    if let unreadable, indices.contains(unreadable) { throw UnreadableSample(index: unreadable) }
    return Batch([Tensor(indices, shape: [indices.count])])
  }
}
