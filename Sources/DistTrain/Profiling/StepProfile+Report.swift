import Autograd
import Foundation

extension StepProfile {
  /// What operators are measured against.
  package struct Ceilings {
    /// What was measured, for a reader.
    package let source: String
    /// Floating-point operations a second.
    package var flopsPerSecond: Double
    /// Bytes a second, read and written, of a copy of memory that no cache holds.
    package var bytesPerSecond: Double

    package init(source: String, flopsPerSecond: Double, bytesPerSecond: Double) {
      self.source = source
      self.flopsPerSecond = flopsPerSecond
      self.bytesPerSecond = bytesPerSecond
    }

    /// The part of the nearer ceiling that a row reaches, and which that is; operands in a cache can come faster than
    /// memory's ceiling. Nil for what is no operator.
    func share(of row: Row) -> (fraction: Double, isArithmetic: Bool)? {
      let memory = row.gigabytes.map { $0 * 1e9 / bytesPerSecond }
      let arithmetic = row.gigaflops.map { $0 * 1e9 / flopsPerSecond }
      if let arithmetic, arithmetic >= memory ?? 0 { return (arithmetic, true) }
      return memory.map { ($0, false) }
    }
  }

  /// A table in Markdown, the longest rows first, whose times add up to the step's.
  package func table(_ ceilings: Ceilings) -> String {
    let header = ["part", "operator", "shape", "calls", "µs", "share", "GFLOP/s", "GB/s", "of ceiling"]
    let steps = Double(max(stepCount, 1))
    let lines = longestFirst.map { row in
      let share = ceilings.share(of: row).map { share in
        "\((share.fraction * 100).text(decimals: 0)) % of \(share.isArithmetic ? "FLOP/s" : "B/s")"
      }
      return [
        row.part.rawValue, row.name, row.extent, (Double(row.calls) / steps).shortText,
        (Double(row.nanoseconds) / steps / 1e3).text(decimals: 1),
        "\((100 * Double(row.nanoseconds) / Double(max(nanoseconds, 1))).text(decimals: 1)) %",
        row.gigaflops?.text(decimals: 1) ?? "", row.gigabytes?.text(decimals: 1) ?? "", share ?? "",
      ]
    }
    let total = ["step", "all", "", "", (Double(nanoseconds) / steps / 1e3).text(decimals: 1), "100.0 %", "", "", ""]
    return Self.aligned([header] + lines + [total])
  }

  /// Rows of a Markdown table whose columns line up, the numbers to the right.
  private static func aligned(_ rows: [[String]]) -> String {
    let firstNumber = 3
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column < firstNumber ? cell + space : space + cell
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { column, width in
      String(repeating: "-", count: column < firstNumber ? width + 2 : width + 1) + (column < firstNumber ? "" : ":")
    }
    return ([line(rows[0]), "|" + rule.joined(separator: "|") + "|"] + rows.dropFirst().map(line))
      .joined(separator: "\n")
  }

  /// The rows as JSON, the longest first.
  package var json: JSON {
    let steps = Double(max(stepCount, 1))
    return .array(
      longestFirst.map { row in
        var members: [JSON.Member] = [
          .init("part", .string(row.part.rawValue)), .init("operator", .string(row.name)),
          .init("shape", .string(row.extent)), .init("calls", .real(Double(row.calls) / steps, decimals: 2)),
          .init("us", .real(Double(row.nanoseconds) / steps / 1e3, decimals: 3)),
        ]
        if let rate = row.gigaflops { members.append(.init("gflop_per_s", .real(rate, decimals: 1))) }
        if let rate = row.gigabytes { members.append(.init("gb_per_s", .real(rate, decimals: 1))) }
        return .object(members)
      })
  }
}

extension Double {
  /// Without decimals where it is a whole number, with one where it is not.
  fileprivate var shortText: String { text(decimals: self == rounded() ? 0 : 1) }
}
