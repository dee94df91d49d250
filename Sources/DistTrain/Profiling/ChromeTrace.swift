import Autograd

/// A timeline for chrome://tracing and Perfetto, with one process for each rank.
///
/// The format is the JSON object of "Trace Event Format" (Google, 2016): complete events ("X") with times in
/// microseconds, which viewers nest by time.
package enum ChromeTrace {
  /// Makes sure, before anything is measured, that a trace can be written there.
  ///
  /// - Throws: `FileError` where something else than a file is there, or the folder is missing or cannot be written to.
  package static func checkPlace(_ path: String) throws { _ = try AtomicFile(path: path) }

  /// The events of one rank, one a line, with times since `origin`.
  package static func lines(_ events: some Collection<ProfileEvent>, origin: Int, rank: Int) -> String {
    let name = JSON.object([
      .init("ph", .string("M")), .init("pid", .integer(rank)), .init("tid", .integer(0)),
      .init("name", .string("process_name")),
      .init("args", .object([.init("name", .string("rank \(rank)"))])),
    ])
    return ([name] + events.map { json($0, origin: origin, rank: rank) }).map(\.text).joined(separator: ",\n")
  }

  /// Writes what ``lines(_:origin:rank:)`` gave on every rank, as a file.
  ///
  /// - Throws: `FileError` where that fails.
  package static func write(_ ranks: [String], to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n\(ranks.joined(separator: ",\n"))\n]}\n".utf8)
    try file.commit()
  }

  private static func json(_ event: ProfileEvent, origin: Int, rank: Int) -> JSON {
    let (category, name): (String, String)
    var arguments: [JSON.Member] = []
    switch event.kind {
    case .part(let part): (category, name) = ("part", part.rawValue)
    case .work(let work):
      (category, name) = ("operator", work.name)
      arguments = [.init("shape", .string("\(work.extent)")), .init("bytes", .integer(work.bytes))]
      if let flops = work.flops { arguments.append(.init("flops", .integer(flops))) }
    }
    func microseconds(_ nanoseconds: Int) -> JSON { .real(Double(nanoseconds) / 1e3, decimals: 3) }
    return .object([
      .init("ph", .string("X")), .init("pid", .integer(rank)), .init("tid", .integer(0)),
      .init("name", .string(name)), .init("cat", .string(category)),
      .init("ts", microseconds(event.start - origin)), .init("dur", microseconds(event.nanoseconds)),
      .init("args", .object(arguments)),
    ])
  }
}

extension [ProfileEvent] {
  /// The events of the last `count` steps.
  package func suffix(steps count: Int) -> ArraySlice<ProfileEvent> {
    let starts = indices.filter { if case .part(.step) = self[$0].kind { true } else { false } }
    return self[(starts.suffix(count).first ?? endIndex)...]
  }
}
