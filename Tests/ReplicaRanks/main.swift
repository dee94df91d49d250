import Autograd
import Collective
import DistTrain
import Foundation
import ReplicaChecks

// One rank of the checks of replicas under `mpirun`. With the argument `mpi`, gradients are all-reduced by MPI; with
// `memory`, the memory of a process is checked instead, which nothing else may use; with `gpu`, the replicas are on GPUs,
// with `gpu-threads N` this process is N such ranks, with `gpu-failure` one of them fails, and with
// `gpu-late` one is late, and with `gpu-late-within` in the middle of a step. With `interruption` one is asked to end, with
// `interruption-threads N` one of N that this process is, and with `interruption-twice` this process is, twice.
let arguments = CommandLine.arguments.dropFirst()

@Sendable func run(_ checks: [ReplicaCheck], _ communicator: any Communicator) throws {
  for check in checks {
    try check.run(communicator)
    try communicator.barrier()
    if communicator.rank == 0 { print("passed: \(check)") }
  }
}

func checkMemory(_ communicator: any Communicator) throws {
  for workload in [Workload.tiny, .mlp, .cnn] {
    try SteadyMemoryCheck.run(workload, communicator)
    if communicator.rank == 0 { print("steady: \(workload)") }
  }
  try LoopThreads.using(threads: 3) { try SteadyMemoryCheck.run(.cnn, communicator) }
  if communicator.rank == 0 { print("steady: cnn, 3 threads") }
}

func runThreads(_ body: @escaping @Sendable (any Communicator) throws -> Void) throws {
  _ = try ThreadCommunicator.run(size: Int(arguments.last ?? "") ?? 0) { try body($0) }
}

switch arguments.first {
case "gpu-threads": try runThreads { try run(ReplicaCheck.onGPUs, $0) }
case "interruption-threads": try runThreads { try ReplicaCheck.beInterrupted($0) }
case "interruption-twice": ReplicaCheck.beInterruptedTwice()
default:
  runAsRank(collective: .mpi) { world in
    let communicator = arguments.first == "mpi" ? world : try world.sharingMemory(notify: { print($0) })
    switch arguments.first {
    case "memory": try checkMemory(communicator)
    case "gpu": try run(ReplicaCheck.onGPUs, communicator)
    case "gpu-failure": try ReplicaCheck.failAmongStartedSteps(communicator)
    case "gpu-late": try ReplicaCheck.beLateAmongStartedSteps(communicator)
    case "gpu-late-within": try ReplicaCheck.beLateWithinAStep(communicator)
    case "interruption": try ReplicaCheck.beInterrupted(communicator)
    default: try run(ReplicaCheck.all, communicator)
    }
  }
}
