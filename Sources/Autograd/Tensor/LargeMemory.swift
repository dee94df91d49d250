#if os(Linux)
  import Glibc
#endif

extension UnsafeMutableRawPointer {
  /// Uninitialized memory of the processor, aligned to 64 bytes; on Linux, of 2 MiB or more it is aligned to 2 MiB and the
  /// system is asked for pages of that size, which take fewer entries of the processor's table of addresses.
  ///
  /// `deallocate()` frees it.
  package static func allocateForElements(byteCount: Int) -> UnsafeMutableRawPointer {
    let hugePage = 2 << 20
    guard byteCount >= hugePage else { return .allocate(byteCount: byteCount, alignment: 64) }
    #if os(Linux)
      // Where the system has not so much, the call below stops the program without saying how much.
      if byteCount >= 1 << 30 {
        let trial = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(trial != MAP_FAILED, "there is no memory for \(byteCount) bytes")
        munmap(trial, byteCount)
      }
    #endif
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: hugePage)
    #if os(Linux)
      // Advice: where the system has no such pages, it is not taken, and nothing is lost.
      _ = madvise(memory, byteCount, MADV_HUGEPAGE)
    #endif
    return memory
  }
}
