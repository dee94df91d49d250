import Collective
import Testing

@Suite struct LaunchEnvironmentTests {
  @Test func `no launcher`() throws {
    #expect(try LaunchEnvironment(["PATH": "/bin"]) == nil)
    #expect(try LaunchEnvironment(["SLURM_PROCID": "0", "SLURM_NTASKS": "8"]) == nil, "a batch script is no rank")
    #expect(try LaunchEnvironment(["SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"]) == nil)
  }

  @Test(
    arguments: [
      ("mpirun", ["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "1"], 4),
      ("PMI", ["PMI_RANK": "1", "PMI_SIZE": "3"], 3),
      ("srun", ["SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2", "PMIX_RANK": "1"], 2),
      ("PMIx", ["PMIX_RANK": "1"], nil),
    ] as [(String, [String: String], Int?)])
  func `a launcher`(_ launcher: String, _ environment: [String: String], _ size: Int?) throws {
    let launch = try #require(try LaunchEnvironment(environment))
    #expect(launch.launcher == launcher)
    #expect(launch.rank == 1)
    #expect(launch.size == size)
  }

  @Test func `variables that make no sense`() {
    #expect(throws: LaunchError.self) {
      try LaunchEnvironment(["OMPI_COMM_WORLD_RANK": "x", "OMPI_COMM_WORLD_SIZE": "4"])
    }
    #expect(throws: LaunchError.malformedVariable(name: "PMI_RANK", value: "3", expected: "a rank below 3")) {
      try LaunchEnvironment(["PMI_RANK": "3", "PMI_SIZE": "3"])
    }
    #expect(throws: LaunchError.malformedVariable(name: "PMIX_RANK", value: "-1", expected: "a number of 0 or more")) {
      try LaunchEnvironment(["PMIX_RANK": "-1"])
    }
  }
}
