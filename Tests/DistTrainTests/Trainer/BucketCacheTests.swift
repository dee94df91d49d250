import Autograd
import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

struct BucketCacheTests {
  private let sizes = BucketSizes(first: 64 << 10, others: 4 << 20)

  private func folder(_ path: String) -> CacheFolder { CacheFolder(environment: ["XDG_CACHE_HOME": path]) }

  @Test func `what was kept is found under its key alone`() throws {
    let temporary = try TemporaryFolder()
    let (cache, other) = (
      BucketCache(key: "a\n\"b\"", folder: folder(temporary.path)),
      BucketCache(key: "c", folder: folder(temporary.path))
    )
    #expect(try cache.read() == nil)
    try cache.write(sizes)
    #expect(try cache.read() == sizes && other.read() == nil)
    try cache.write(.standard)
    #expect(try cache.read() == .standard)
    // A file under another key's name is not taken for that key's.
    try FileManager.default.copyItem(atPath: cache.path, toPath: other.path)
    #expect(fileErrorMessage { _ = try other.read() }.contains("does not hold the sizes of buckets"))
  }

  @Test func `no damaged file is taken for one`() throws {
    let temporary = try TemporaryFolder()
    let cache = BucketCache(key: "key", folder: folder(temporary.path))
    try cache.write(sizes)
    let whole = try Data(contentsOf: URL(filePath: cache.path))
    // Without the end of the line it is still whole.
    for length in 0..<whole.count - 1 {
      try whole.prefix(length).write(to: URL(filePath: cache.path))
      #expect(fileErrorMessage { _ = try cache.read() }.hasPrefix("\(cache.path): "), "\(length) bytes")
    }
    let text = String(decoding: whole, as: UTF8.self)
    for wrong in ["0", "-1", "64KiB,", "9999999999999G", "auto"] {
      try text.replacing("64KiB,4MiB", with: wrong).write(toFile: cache.path, atomically: true, encoding: .utf8)
      #expect(fileErrorMessage { _ = try cache.read() }.contains("does not hold the sizes of buckets"), "\(wrong)")
    }
    try Data(count: 5 << 20).write(to: URL(filePath: cache.path))
    #expect(fileErrorMessage { _ = try cache.read() }.contains("holds more than the"))
  }

  @Test func `a folder that cannot be made is an error`() throws {
    let cache = BucketCache(key: "key", folder: folder("/dev/null"))
    #expect(throws: (any Error).self) { try cache.write(sizes) }
    #expect(try cache.read() == nil)
  }

  /// A job that is long enough to choose sizes in it.
  private func job() throws -> SmallJob {
    var job = try SmallJob()
    job.configuration.precision = .float32
    job.configuration.epochs = 6
    return job
  }

  private func lines(_ job: SmallJob) -> [String] {
    job.shown.texts.flatMap { $0.split(separator: "\n") }.map(String.init).filter {
      $0.hasPrefix("buckets: ") || $0.hasPrefix("note: ")
    }
  }

  private func files(_ job: SmallJob) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(job.folder.path)/cache/disttrain")
  }

  @Test(arguments: [(2, false), (3, true)])
  func `a run measures, and the next one takes what it kept`(_ ranks: Int, _ shardsOptimizer: Bool) throws {
    var first = try job()
    first.configuration.shardOptimizer = shardsOptimizer
    let measured = try first.run(ranks: ranks)
    #expect(measured.allSatisfy { $0.error == nil && $0.buckets == measured[0].buckets }, "\(measured)")
    let sizes = try #require(measured[0].buckets).sizes
    #expect(measured[0].buckets?.origin == .measured)
    #expect(lines(first).map { $0.hasSuffix("to be measured") } == [true, false], "\(lines(first))")
    #expect(try files(first).count == 1)

    var second = try job()
    second.configuration.shardOptimizer = shardsOptimizer
    second.cachePath = "\(first.folder.path)/cache"
    let cached = try second.run(ranks: ranks)
    #expect(cached.allSatisfy { $0.buckets == ChosenBuckets(sizes: sizes, origin: .cached) }, "\(cached)")
    #expect(lines(second).count == 1 && lines(second)[0].hasSuffix("as measured before"), "\(lines(second))")
    #expect(cached.map(\.weights) == measured.map(\.weights))

    // Other sizes than were measured, to see that they count; and the run's checkpoint goes on with them.
    let path = "\(first.folder.path)/cache/disttrain/\(try files(first)[0])"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let others = text.replacing("\"sizes\":\"\(sizes)\"", with: "\"sizes\":\"1KiB\"")
    try others.write(toFile: path, atomically: true, encoding: .utf8)
    var third = try job()
    third.configuration.shardOptimizer = shardsOptimizer
    third.cachePath = second.cachePath
    #expect(try third.run(ranks: ranks, steps: 3).allSatisfy { $0.error == nil })
    let resumed = try third.run(ranks: ranks, resume: true)
    #expect(resumed.allSatisfy { $0.buckets?.sizes == BucketSizes(first: 1024, others: 1024) }, "\(resumed)")
    #expect(resumed.map(\.weights) == measured.map(\.weights))
    #expect(try contents(third.directory.checkpoint) == contents(second.directory.checkpoint))
  }

  @Test func `other ranks and other settings are measured anew`() throws {
    let first = try job()
    #expect(try first.run(ranks: 2).allSatisfy { $0.buckets?.origin == .measured })
    var second = try job()
    second.cachePath = "\(first.folder.path)/cache"
    #expect(try second.run(ranks: 3).allSatisfy { $0.buckets?.origin == .measured })
    second = try job()
    second.cachePath = "\(first.folder.path)/cache"
    second.configuration.globalBatch = 6
    #expect(try second.run(ranks: 2).allSatisfy { $0.buckets?.origin == .measured })
    #expect(try files(first).count == 3)
  }

  @Test func `a damaged file is measured anew, and a folder that cannot be made costs a notice only`() throws {
    let first = try job()
    #expect(try first.run(ranks: 2).allSatisfy { $0.error == nil })
    let path = "\(first.folder.path)/cache/disttrain/\(try files(first)[0])"
    try "{".write(toFile: path, atomically: true, encoding: .utf8)
    var second = try job()
    second.cachePath = "\(first.folder.path)/cache"
    #expect(try second.run(ranks: 2).allSatisfy { $0.buckets?.origin == .measured })
    #expect(lines(second).count == 3 && lines(second)[0].hasPrefix("note: buckets are measured anew: \(path): "))

    var third = try job()
    third.cachePath = "/dev/null"
    #expect(try third.run(ranks: 2).allSatisfy { $0.error == nil && $0.buckets?.origin == .measured })
    #expect(lines(third).count == 3 && lines(third)[2].hasPrefix("note: that is not kept: "), "\(lines(third))")
  }

  @Test func `one rank measures nothing, and sizes that are given are used`() throws {
    var job = try job()
    #expect(try job.run(ranks: 1, steps: 2).map(\.buckets?.origin) == [.standard])
    #expect(lines(job).isEmpty)
    job = try self.job()
    job.configuration.buckets = .sizes(sizes)
    let ended = try job.run(ranks: 2, steps: 2)
    #expect(ended.allSatisfy { $0.buckets == ChosenBuckets(sizes: sizes, origin: .given) })
    #expect(lines(job) == ["buckets: 64KiB,4MiB, as asked for"])
  }
}
