import Autograd
import Collective
import DistTrain
import Foundation
import ReplicaChecks

// One rank of the checks of replicas under `mpirun`. With the argument `mpi`, gradients are all-reduced by MPI; with
// `memory`, the memory of a process is checked instead, which nothing else may use.
runAsRank { world in
  let argument = CommandLine.arguments.dropFirst().first
  let communicator = argument == "mpi" ? world : try world.sharingMemory(notify: { print($0) })
  if argument == "memory" {
    for workload in [Workload.tiny, .mlp, .cnn] {
      try SteadyMemoryCheck.run(workload, communicator)
      if communicator.rank == 0 { print("steady: \(workload)") }
    }
    try LoopThreads.using(threads: 3) { try SteadyMemoryCheck.run(.cnn, communicator) }
    if communicator.rank == 0 { print("steady: cnn, 3 threads") }
    return
  }
  for check in ReplicaCheck.all {
    try check.run(communicator)
    try communicator.barrier()
    if communicator.rank == 0 { print("passed: \(check)") }
  }
}
