import Autograd
import Collective
import DistTrain
import Foundation
import TestSupport

/// Steps after the first few take no memory from the system, whatever the model.
///
/// Only a process that does nothing else can tell: the memory is that of all its threads.
public enum SteadyMemoryCheck {
  private static let steps = 20
  private static let rounds = 6

  /// Trains a workload as one rank of a group. Throws a `ConformanceFailure` when the process grows.
  public static func run(_ workload: Workload, _ communicator: any Communicator) throws {
    manualSeed(0)
    let batch = workload == .tiny ? 50 : 16
    let shape = workload == .tiny ? [20] : [28, 28]
    // Several epochs pass, so that a new order of the samples is drawn too.
    let count = 6 * batch * communicator.size
    let dataset = TensorDataset(Tensor.rand([count] + shape), Tensor.randint(0..<3, [count]))
    let shards = Shards(
      sampleCount: count, globalBatch: batch * communicator.size, rank: communicator.rank,
      worldSize: communicator.size, dropLast: true)
    let replica = try Replica(
      workload.makeModel(), SGD.Options(learningRate: 0.01, momentum: 0.9), communicator: communicator)
    var feed = BatchFeed(ShardLoader(dataset, shards: shards, seed: 0), for: replica)
    var step = 0
    func makeSteps() throws {
      for _ in 0..<steps {
        let (epoch, position) = step.quotientAndRemainder(dividingBy: shards.stepsPerEpoch)
        _ = try replica.step(feed.batch(epoch: epoch, step: position, piece: 0))
        step += 1
      }
    }
    try makeSteps()
    var growths: [String] = []
    var before = try TakenMemory.now()
    for _ in 0..<rounds {
      try makeSteps()
      let after = try TakenMemory.now()
      let growth = "\(workload): \(steps) steps changed \(before) to \(after)"
      // A block that each step maps and gives back again is touched, and so costs a fault, in each.
      if after.ofTensors > before.ofTensors || after.mapped > before.mapped || after.faults - before.faults >= steps {
        growths.append(growth)
      }
      before = after
    }
    // On a busy machine, threads meet in other orders now and then, and take a block more, but they do so once.
    try require(growths.count < rounds / 2, growths.joined(separator: "\n"))
  }
}

/// What a process has got from the operating system, as Linux tells it.
private struct TakenMemory {
  /// Bytes that were ever taken for tensors.
  let ofTensors: Int
  /// Private memory for data, in KiB.
  let mapped: Int
  /// Pages that were touched for the first time.
  let faults: Int

  static func now() throws -> TakenMemory {
    let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
    let mapped = lines.first { $0.hasPrefix("VmData:") }?.split(whereSeparator: \.isWhitespace)
    // proc_pid_stat(5): the tenth field; the second, a name in parentheses, may hold anything.
    let fields = try String(contentsOfFile: "/proc/self/stat", encoding: .utf8).split(separator: ")").last?
      .split(separator: " ")
    guard let mapped, mapped.count == 3, let mapped = Int(mapped[1]), let fields, fields.count > 7,
      let faults = Int(fields[7])
    else {
      throw ConformanceFailure(description: "/proc/self/status or /proc/self/stat has not the fields of proc(5)")
    }
    return TakenMemory(ofTensors: tensorMemoryByteCount, mapped: mapped, faults: faults)
  }
}
