#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

// In place of the standard library's functions of these names, whose messages an optimized build leaves out: a shape
// that does not fit is to be named in every build. A declaration of another module goes before the standard library's.

/// Stops the program with `message`, in every build, unless `condition` holds.
@inlinable
@inline(__always)
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String = "", file: StaticString = #fileID,
  line: UInt = #line
) {
  if !condition() { preconditionFailure(message(), file: file, line: line) }
}

/// Stops the program with `message`, in every build.
@inlinable
@inline(never)
package func preconditionFailure(
  _ message: @autoclosure () -> String = "", file: StaticString = #fileID, line: UInt = #line
) -> Never {
  fatalError(announcedByOneRank(message()), file: file, line: line)
}

/// The message with the rank's name, once rank 0 has had the time to end the job with its own: of ranks that stop alike
/// one is heard.
@usableFromInline
func announcedByOneRank(_ message: String) -> String {
  // Those of Collective's LaunchEnvironment; Slurm's srun sets PMI_RANK or PMIX_RANK for what MPI connects.
  let variables = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"]
  guard let rank = variables.lazy.compactMap({ getenv($0) }).first.flatMap({ Int(String(cString: $0)) }) else {
    return message
  }
  // A signal that the program handles, as from a launcher that ends the job, ends a sleep.
  let end = time(nil) + 4
  while rank > 0 && time(nil) < end { usleep(100_000) }
  return "rank \(rank): \(message)"
}
