import CKernels
import Foundation

/// What the recorder keeps for each thread: the graph of a replica belongs to the thread that runs it.
final class ThreadState {
  /// Whether operations are recorded.
  var isRecording = true
  /// The tensors that others stand for; nil for none.
  var substitution: Substitution?
  /// What must be found again by the computation under way that the backward pass will repeat, or repeats; nil for none.
  var recomputation: Recomputation?
  /// Whether this thread computes without the fast kernels; see ``Kernels``.
  var usesGenericKernels = Kernels.areGenericAtStart
  /// Bytes of the longest vectors that kernels with a choice of lengths may use on this thread.
  var longestVector = 64
  /// How exactly float32 matrices are multiplied.
  var productPrecision = ProductPrecision.float32
  /// The threads that share a loop of this thread, if it matters neither how large it is nor how many BLAS may use: one
  /// within the rounds of another loop.
  var loopThreads: Int?
  /// The generator that random tensors, initializations and dropout draw from unless given another.
  var generator = RandomGenerator(seed: RandomGenerator.defaultSeed)

  /// The work that this thread records for a GPU: all memory that is taken there meanwhile is its own.
  var recordedWork: ObjectIdentifier?
  /// Where the keys of its random draws lie; nil unless work is recorded.
  var randomKeys: RandomKeys?
  /// What it reads and never changes; nil unless work is recorded.
  var recordedConstants: RecordedConstants?
  /// What it finds parameters copied to; nil unless work is recorded.
  var parameterCopies: ParameterCopies?
  /// The copies between the processor's memory and GPUs that this thread made.
  var transferCount = 0
  /// What decides on the optimizer's step that this thread asks a GPU for; nil where it is made in any case.
  var guardedUpdates: GuardedUpdates?

  /// Records what this thread computes, while it is asked to.
  var profiler: Profiler?

  /// The storages of this thread's tensors that have a stand-in in place of memory.
  var standIns = StandIns()

  /// Memory for tensors.
  let memory = MemoryCache()

  /// The order of creation, by which the backward pass goes.
  private var lastSequence: UInt64 = 0
  /// Parts of released graphs that wait for the release in progress, so that it need not recurse.
  private var condemned: [Node.Remains] = []
  private var isReleasing = false

  /// Releases a thread's state when it ends.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { state in
      guard let state else { return }
      dt_set_thread_pointer(nil)
      Unmanaged<ThreadState>.fromOpaque(state).release()
    }
    precondition(status == 0, "no thread-specific storage: \(status)")
    return key
  }()

  static var current: ThreadState {
    if let existing { existing.takeUnretainedValue() } else { make() }
  }

  /// Runs `body` on the thread's state without a reference to it being counted, which takes as long as small operations.
  @inline(__always)
  static func withCurrent<R>(_ body: (ThreadState) -> R) -> R {
    if let existing { existing._withUnsafeGuaranteedRef(body) } else { body(make()) }
  }

  /// Runs `body` while a property of this thread's state has another value.
  @inline(__always)
  static func with<Value, R>(
    _ property: ReferenceWritableKeyPath<ThreadState, Value>, _ value: Value, _ body: () throws -> R
  ) rethrows -> R {
    let state = current
    let before = state[keyPath: property]
    state[keyPath: property] = value
    // With a defer the compiler would leave the path to be followed while the program runs.
    do {
      let result = try body()
      state[keyPath: property] = before
      return result
    } catch {
      state[keyPath: property] = before
      throw error
    }
  }

  @inline(__always)
  private static var existing: Unmanaged<ThreadState>? { dt_thread_pointer().map { Unmanaged.fromOpaque($0) } }

  /// A new state for this thread, which keeps it until it ends.
  private static func make() -> ThreadState {
    let state = ThreadState()
    let pointer = Unmanaged.passRetained(state).toOpaque()
    pthread_setspecific(key, pointer)
    dt_set_thread_pointer(pointer)
    return state
  }

  /// Takes over what decides how another thread computes.
  func computesLike(_ other: ThreadState) {
    usesGenericKernels = other.usesGenericKernels
    longestVector = other.longestVector
    productPrecision = other.productPrecision
  }

  func nextSequence() -> UInt64 {
    lastSequence += 1
    return lastSequence
  }

  /// Releases `part` and all that only it holds, without recursion, however long the chain is.
  func release(_ part: consuming Node.Remains) {
    condemned.append(part)
    guard !isReleasing else { return }
    isReleasing = true
    while let next = condemned.popLast() { _ = consume next }
    isReleasing = false
  }
}
