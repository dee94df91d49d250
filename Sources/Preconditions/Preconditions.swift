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
  fatalError(message(), file: file, line: line)
}
