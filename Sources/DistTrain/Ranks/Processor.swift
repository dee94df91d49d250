import Foundation

/// What the operating system says of the processor.
package enum Processor {
  /// Cores that the machine has.
  package static var onlineCores: Int { ProcessInfo.processInfo.processorCount }

  /// The numbers of the cores that this process may run on.
  package static var allowedCores: Set<Int> {
    // The kernel's mask of allowed processors, as hexadecimal groups, the last ones first: "00000000,00000003".
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") })
    else { return Set(0..<ProcessInfo.processInfo.activeProcessorCount) }
    let digits = line.dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue).reversed()
    return Set(
      digits.enumerated().flatMap { place, digit in (0..<4).filter { digit >> $0 & 1 == 1 }.map { 4 * place + $0 } })
  }

  /// The most memory that this process has had at any time, in bytes.
  package static var peakMemoryByteCount: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }

  /// The model name and the flags of the first core, from `/proc/cpuinfo`; empty where there is none.
  package static var description: (model: String, flags: Set<String>) {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return ("", []) }
    func value(_ keys: String...) -> String {
      for line in text.split(separator: "\n") {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2, keys.contains(parts[0].trimmingCharacters(in: .whitespaces)) {
          return parts[1].trimmingCharacters(in: .whitespaces)
        }
      }
      return ""
    }
    return (value("model name", "Processor"), Set(value("flags", "Features").split(separator: " ").map(String.init)))
  }
}
