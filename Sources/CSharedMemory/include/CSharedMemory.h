/// What processes need that work on the same memory: flags, waiting, and the combination of several ranks' elements.
#ifndef CSHAREDMEMORY_H
#define CSHAREDMEMORY_H

#include <stddef.h>
#include <stdint.h>

/// Reads a flag; everything that was written before the flag was published is visible afterwards (acquire).
static inline uint64_t csm_load(const uint64_t *flag) { return __atomic_load_n(flag, __ATOMIC_ACQUIRE); }

/// Publishes a flag after everything that this thread read and wrote before (release).
static inline void csm_publish(uint64_t *flag, uint64_t value) { __atomic_store_n(flag, value, __ATOMIC_RELEASE); }

/// Tells the processor that this is a loop that waits for memory.
static inline void csm_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield" ::: "memory");
#endif
}

typedef enum CSMElement {
  CSMElementFloat,
  CSMElementDouble,
  CSMElementInt32,
  CSMElementInt64,
  CSMElementUInt8
} CSMElement;

typedef enum CSMOperation {
  CSMOperationSum,
  CSMOperationMinimum,
  CSMOperationMaximum,
  CSMOperationProduct
} CSMOperation;

/// Sets `targets[t][i]` to the combination of all `sources[s][i]`, for all targets t and every i < `count`.
/// Sources are combined pairwise, along a binary tree: ((s0 ∘ s1) ∘ (s2 ∘ s3)) ∘ …, for sums that do not depend on how
/// the tree is shared out. A target is one of the sources or overlaps none of them. Integers wrap around.
void csm_combine(
    CSMElement element, CSMOperation operation, size_t count, size_t source_count, const void *const *sources,
    size_t target_count, void *const *targets);

/// Words of a set of processors, 64 to a word.
enum { CSM_PROCESSOR_WORDS = 16 };

/// The processors that this process may run on; all words are 0 where the system does not tell.
void csm_allowed_processors(uint64_t words[CSM_PROCESSOR_WORDS]);

#endif
