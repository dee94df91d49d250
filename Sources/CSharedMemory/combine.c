#include <string.h>

#include "CSharedMemory.h"

// One build for every CPU: each marked function is compiled three times and chosen when first called.
#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

// Elements that are combined at a time; they stay in the first-level cache.
enum { BLOCK = 512 };

typedef void Combine(
    size_t count, size_t source_count, const void *const *sources, size_t target_count, void *const *targets);

// The size of the left part of a binary tree: for a power of two, its half.
static size_t power_of_two_below(size_t count) {
  size_t power = 1;
  while (2 * power < count) power *= 2;
  return power;
}

// `a` and `b` are two elements of type T. Two ranks that add where their buffers lie need no block in between.
#define COMBINE(name, T, expression)                                                                            \
  CLONES void csm_##name##_in_two(size_t count, T *restrict first, T *restrict second) {                        \
    for (size_t i = 0; i < count; i++) {                                                                        \
      const T a = first[i], b = second[i];                                                                      \
      first[i] = second[i] = (T)(expression);                                                                   \
    }                                                                                                           \
  }                                                                                                             \
  CLONES void csm_##name##_pair(size_t count, T *restrict total, const T *first, const T *second) {              \
    for (size_t i = 0; i < count; i++) {                                                                        \
      const T a = first[i], b = second[i];                                                                      \
      total[i] = (T)(expression);                                                                               \
    }                                                                                                           \
  }                                                                                                             \
  CLONES void csm_##name##_block(size_t count, T *restrict total, const T *restrict source) {                   \
    for (size_t i = 0; i < count; i++) {                                                                        \
      const T a = total[i], b = source[i];                                                                      \
      total[i] = (T)(expression);                                                                               \
    }                                                                                                           \
  }                                                                                                             \
  static void name##_tree(size_t start, size_t length, size_t source_count, const void *const *sources, T *total) \
  {                                                                                                             \
    const T *first = (const T *)sources[0] + start;                                                             \
    if (source_count == 1) {                                                                                    \
      memcpy(total, first, length * sizeof(T));                                                                 \
      return;                                                                                                   \
    }                                                                                                           \
    if (source_count == 2) {                                                                                    \
      csm_##name##_pair(length, total, first, (const T *)sources[1] + start);                                   \
      return;                                                                                                   \
    }                                                                                                           \
    const size_t left = power_of_two_below(source_count);                                                       \
    T right[BLOCK];                                                                                             \
    name##_tree(start, length, left, sources, total);                                                           \
    name##_tree(start, length, source_count - left, sources + left, right);                                     \
    csm_##name##_block(length, total, right);                                                                   \
  }                                                                                                             \
  static void name(                                                                                             \
      size_t count, size_t source_count, const void *const *sources, size_t target_count, void *const *targets) \
  {                                                                                                             \
    if (source_count == 2 && target_count == 2 && sources[0] == targets[0] && sources[1] == targets[1]) {       \
      csm_##name##_in_two(count, targets[0], targets[1]);                                                       \
      return;                                                                                                   \
    }                                                                                                           \
    T total[BLOCK];                                                                                             \
    for (size_t start = 0; start < count; start += BLOCK) {                                                     \
      const size_t length = count - start < BLOCK ? count - start : BLOCK;                                      \
      name##_tree(start, length, source_count, sources, total);                                                 \
      for (size_t t = 0; t < target_count; t++) {                                                               \
        memcpy((T *)targets[t] + start, total, length * sizeof(T));                                             \
      }                                                                                                         \
    }                                                                                                           \
  }

// Sums and products of integers are computed without a sign, where overflow is defined.
#define COMBINES(name, T, U)                       \
  COMBINE(name##_sum, T, (U)a + (U)b)              \
  COMBINE(name##_minimum, T, b < a ? b : a)        \
  COMBINE(name##_maximum, T, b > a ? b : a)        \
  COMBINE(name##_product, T, (U)a * (U)b)

COMBINES(float, float, float)
COMBINES(double, double, double)
COMBINES(int32, int32_t, uint32_t)
COMBINES(int64, int64_t, uint64_t)
COMBINES(uint8, uint8_t, uint32_t)

#define ROW(name)                                                                                       \
  {                                                                                                     \
    [CSMOperationSum] = name##_sum, [CSMOperationMinimum] = name##_minimum,                             \
    [CSMOperationMaximum] = name##_maximum, [CSMOperationProduct] = name##_product                      \
  }

static Combine *const table[][4] = {
    [CSMElementFloat] = ROW(float), [CSMElementDouble] = ROW(double), [CSMElementInt32] = ROW(int32),
    [CSMElementInt64] = ROW(int64), [CSMElementUInt8] = ROW(uint8),
};

void csm_combine(
    CSMElement element, CSMOperation operation, size_t count, size_t source_count, const void *const *sources,
    size_t target_count, void *const *targets) {
  table[element][operation](count, source_count, sources, target_count, targets);
}
