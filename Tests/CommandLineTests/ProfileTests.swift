import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  struct ProfileTests {
    private static let rankCounts: [Int?] = hasMPI ? [1, 2] : [nil]

    /// The cells of a table in Markdown, without its header.
    private func rows(_ output: String) -> [[String]] {
      output.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2).map { line in
        line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
          .map { $0.trimmingCharacters(in: .whitespaces) }
      }
    }

    @Test(arguments: rankCounts)
    func `the table's rows add up to the step`(_ ranks: Int?) throws {
      let run = try DistTrainProgram.run(
        ["bench", "step", "--workload", "tiny", "--seconds", "0.05", "--profile"], ranks: ranks)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let rows = rows(run.output)
      let total = try #require(rows.last)
      #expect(Array(total[..<2]) == ["step", "all"], "\(run.report)")
      let times = try rows.map { try #require(Double($0[4]), "\(run.report)") }
      let parts = Array(times.dropLast())
      let difference = abs(parts.reduce(0, +) - times[parts.count])
      // Every time is rounded to a tenth.
      #expect(difference <= 0.05 * Double(times.count), "\(run.report)")
      #expect(parts == parts.sorted(by: >), "\(run.report)")
      let product = ["forward", "matmul a·bᵀ", "50 × 13 × 20", "1"]
      let first = try #require(rows.first { Array($0[..<4]) == product }, "\(run.report)")
      let rate = try #require(Double(first[6]), "\(run.report)")
      #expect(rate > 0, "\(run.report)")
      #expect(first[8].hasSuffix("% of B/s") || first[8].hasSuffix("% of FLOP/s"), "\(run.report)")
      let names = Set(rows.map { "\($0[0]): \($0[1])" })
      let expected: Set = [
        "batch: gathering samples", "backward: graph and dispatch", "optimizer: sgd", "all-reduce: waiting and summing",
      ]
      #expect(names.isSuperset(of: expected), "\(run.report)")
    }

    @Test func `the profile is part of the JSON`() throws {
      let run = try DistTrainProgram.run(
        ["bench", "step", "--workload", "tiny", "--seconds", "0.05", "--profile", "--json"])
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let record = try JSON(parsing: run.output.utf8)
      for ceiling in ["ceiling_flop_per_s", "ceiling_b_per_s"] {
        let rate = try #require(record[ceiling]?.realValue, "\(run.report)")
        #expect(rate > 1e7, "\(ceiling)")
      }
      guard case .array(let rows)? = record["profile"] else { throw Missing(what: run.report) }
      // Which of the layers takes longest is chance.
      let product = try #require(
        rows.first { $0["operator"]?.stringValue == "matmul a·bᵀ" && $0["shape"]?.stringValue == "50 × 13 × 20" },
        "\(run.report)")
      let seconds = try #require(product["us"]?.realValue) * 1e-6
      let rate = try #require(product["gflop_per_s"]?.realValue)
      let operations = rate * 1e9 * seconds
      #expect(abs(operations / 26000 - 1) < 0.2, "\(run.report)")
    }

    struct Missing: Error { let what: String }

    /// A complete event of a trace.
    private struct Event {
      let name: String
      let rank: Int
      let start: Double
      let end: Double
      let isPart: Bool

      init(_ json: JSON) throws {
        name = try #require(json["name"]?.stringValue)
        rank = try #require(json["pid"]?.integerValue)
        start = try #require(json["ts"]?.realValue)
        end = start + (try #require(json["dur"]?.realValue))
        isPart = json["cat"]?.stringValue == "part"
      }

      /// Times have three decimals.
      func encloses(_ other: Event) -> Bool { start - 0.002 <= other.start && other.end <= end + 0.002 }
    }

    @Test(arguments: rankCounts)
    func `a trace shows five steps of every rank`(_ ranks: Int?) throws {
      let folder = try TemporaryFolder()
      let path = "\(folder.path)/trace.json"
      let run = try DistTrainProgram.run(
        ["bench", "step", "--workload", "tiny", "--seconds", "0.05", "--trace", path], ranks: ranks)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      #expect(rows(run.output).isEmpty, "\(run.report)")
      guard case .array(let lines)? = try JSON(parsing: contents(path))["traceEvents"] else {
        throw Missing(what: "traceEvents")
      }
      let names = lines.filter { $0["ph"]?.stringValue == "M" }.map { $0["args"]?["name"]?.stringValue }
      #expect(names == (0..<(ranks ?? 1)).map { "rank \($0)" })
      let events = try lines.filter { $0["ph"]?.stringValue == "X" }.map { try Event($0) }
      #expect(events.count + names.count == lines.count)
      for rank in 0..<(ranks ?? 1) {
        let own = events.filter { $0.rank == rank }
        let steps = own.filter { $0.name == "step" }
        #expect(steps.count == 5)
        for part in ["batch", "forward", "backward", "all-reduce", "optimizer"] {
          let parts = own.filter { $0.isPart && $0.name == part }
          #expect(parts.count == 5 && zip(steps, parts).allSatisfy { $0.encloses($1) }, "\(part)")
        }
        for (index, event) in own.enumerated() where event.name != "step" {
          #expect(steps.filter { $0.encloses(event) }.count == 1, "\(event)")
          for other in own[..<index] {
            #expect(other.encloses(event) || other.end <= event.start + 0.002, "\(event) overlaps \(other)")
          }
        }
      }
    }

    static let places = [
      ("/no/such/folder/trace.json", "cannot write in the folder /no/such/folder: No such file or directory"),
      ("/tmp", "/tmp: is not a regular file"), ("/", "/: is not a regular file"),
      ("", "--trace is empty, expected a file"),
    ]

    @Test(arguments: rankCounts, places)
    func `a trace that cannot be written is refused before anything is measured`(
      _ ranks: Int?, _ place: (path: String, message: String)
    ) throws {
      let run = try DistTrainProgram.run(
        ["bench", "step", "--workload", "tiny", "--seconds", "1000", "--trace", place.path], ranks: ranks, timeout: 60)
      run.expectFailure(place.message)
    }

    @Test func `a GPU's operators are shown one by one`() throws {
      let emulator = try CUDATests.Emulator()
      defer { emulator.remove() }
      let run = try DistTrainProgram.run(
        ["bench", "step", "--workload", "tiny", "--seconds", "0.05", "--device", "cuda", "--profile"],
        environment: emulator.environment)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      #expect(run.output.contains("Ceilings of cuda:0: "), "\(run.report)")
      let products = rows(run.output).filter { $0[1].hasPrefix("matmul") }
      #expect(products.count == 3 + 5 && products.allSatisfy { $0[3] == "1" }, "\(run.report)")
    }
  }
}
