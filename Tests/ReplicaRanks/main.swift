import Collective
import DistTrain
import Foundation
import ReplicaChecks

// One rank of the checks of replicas under `mpirun`; with the argument `mpi`, gradients are all-reduced by MPI.
runAsRank { world in
  let communicator =
    CommandLine.arguments.dropFirst().first == "mpi" ? world : try world.sharingMemory(notify: { print($0) })
  for check in ReplicaCheck.all {
    try check.run(communicator)
    try communicator.barrier()
    if communicator.rank == 0 { print("passed: \(check)") }
  }
}
