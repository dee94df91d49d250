import Autograd
import Foundation
import Testing

@Suite struct KernelCacheTests {
  private func withCache(_ body: (KernelCache, URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "kernel-cache-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(KernelCache(environment: ["XDG_CACHE_HOME": folder.path]), folder.appending(path: "disttrain"))
  }

  @Test func `what was stored is found again under its key alone`() throws {
    try withCache { cache, folder in
      #expect(cache.content(of: "a sm_90") == nil)
      cache.store([1, 10, 0, 255], under: "a sm_90")
      cache.store([], under: "b sm_90")
      #expect(cache.content(of: "a sm_90") == [1, 10, 0, 255])
      #expect(cache.content(of: "b sm_90") == [])
      #expect(cache.content(of: "a sm_80") == nil)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(files.count == 2)
    }
  }

  @Test func `no damaged file is taken for a kernel`() throws {
    try withCache { cache, folder in
      cache.store([1, 2, 3, 4, 5], under: "key")
      let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path).first)
      let file = folder.appending(path: name)
      let whole = try Data(contentsOf: file)
      for length in whole.indices {
        try whole.prefix(length).write(to: file)
        #expect(cache.content(of: "key") == nil, "\(length) bytes of \(whole.count)")
      }
      for place in whole.indices {
        var flipped = whole
        flipped[place] ^= 1
        try flipped.write(to: file)
        #expect(cache.content(of: "key") == nil, "byte \(place) flipped")
      }
      cache.store([6], under: "key")
      #expect(cache.content(of: "key") == [6])
    }
  }

  @Test func `a folder that cannot be made leaves everything uncached`() {
    let cache = KernelCache(environment: ["XDG_CACHE_HOME": "/dev/null"])
    cache.store([1], under: "key")
    #expect(cache.content(of: "key") == nil)
  }
}
