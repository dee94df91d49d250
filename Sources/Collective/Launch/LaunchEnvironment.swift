/// What the environment says about the launcher that started this process as one of several ranks.
///
/// - Open MPI's `mpirun`: `OMPI_COMM_WORLD_RANK`, `OMPI_COMM_WORLD_SIZE`
/// - process managers that speak PMI (MPICH's `mpiexec`, `srun --mpi=pmi2`): `PMI_RANK`, `PMI_SIZE`
/// - Slurm's `srun`: `SLURM_PROCID`, `SLURM_STEP_NUM_TASKS`, more than one task
/// - any other that speaks PMIx: `PMIX_RANK`
public struct LaunchEnvironment: Equatable, Sendable {
  /// The launcher's name.
  public let launcher: String

  /// This process's rank.
  public let rank: Int

  /// The number of ranks that were started, where the environment tells it.
  public let size: Int?

  /// Nil when no launcher started this process.
  ///
  /// Throws a ``LaunchError`` when one of the variables is not a number or the rank is not within the size.
  public init?(_ environment: [String: String]) throws {
    let mpirun = (launcher: "mpirun", rank: "OMPI_COMM_WORLD_RANK", size: "OMPI_COMM_WORLD_SIZE")
    let pmi = (launcher: "PMI", rank: "PMI_RANK", size: "PMI_SIZE")
    let srun = (launcher: "srun", rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS")
    for names in [mpirun, pmi, srun] {
      guard environment[names.size] != nil, let rank = try Self.number(names.rank, in: environment) else { continue }
      let size = try Self.number(names.size, in: environment)
      if names == srun && size == 1 { continue }
      self = LaunchEnvironment(launcher: names.launcher, rank: rank, size: size)
      if let size, rank >= size {
        throw LaunchError.malformedVariable(name: names.rank, value: "\(rank)", expected: "a rank below \(size)")
      }
      return
    }
    guard let rank = try Self.number("PMIX_RANK", in: environment) else { return nil }
    self = LaunchEnvironment(launcher: "PMIx", rank: rank, size: nil)
  }

  private init(launcher: String, rank: Int, size: Int?) {
    self.launcher = launcher
    self.rank = rank
    self.size = size
  }

  private static func number(_ name: String, in environment: [String: String]) throws -> Int? {
    guard let text = environment[name] else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw LaunchError.malformedVariable(name: name, value: text, expected: "a number of 0 or more")
    }
    return number
  }
}

/// A launch that cannot become the group of ranks that was asked for.
public enum LaunchError: Error, Equatable, CustomStringConvertible {
  /// A launcher's environment variable holds nonsense.
  case malformedVariable(name: String, value: String, expected: String)

  /// The launcher started another number of ranks than MPI sees.
  case sizeMismatch(launcher: String, launched: Int, seen: Int)

  /// Several ranks were started, but this build has no MPI.
  case builtWithoutMPI(launcher: String, launched: Int?)

  /// MPI was initialised before.
  case alreadyInitialized

  /// What is wrong and what can be done.
  public var description: String {
    switch self {
    case .malformedVariable(let name, let value, let expected):
      "the environment says \(name)=\(value), expected \(expected)"
    case .sizeMismatch(let launcher, let launched, let seen):
      """
      \(launcher) started \(launched) ranks, but MPI sees \(seen): \
      launcher and MPI library do not belong together (with Slurm, see srun --mpi=list)
      """
    case .builtWithoutMPI(let launcher, let launched):
      "\(launcher) started \(launched.map { "\($0)" } ?? "several") ranks, but this program was built without MPI"
    case .alreadyInitialized:
      "MPI is already initialised in this process"
    }
  }
}
