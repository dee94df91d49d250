#include "CKernels.h"
#include "clones.h"

enum { word_count = 624, middle = 397 };

static inline uint32_t mixed(uint32_t word, uint32_t following, uint32_t distant) {
  const uint32_t joined = (word & 0x80000000) | (following & 0x7fffffff);
  return distant ^ (joined >> 1) ^ (0x9908b0df & (0 - (joined & 1)));
}

CLONES void dt_mersenne_twist(uint32_t *words) {
  const size_t wrap = word_count - middle;
  for (size_t i = 0; i < wrap; i++) words[i] = mixed(words[i], words[i + 1], words[i + middle]);
  for (size_t i = wrap; i < word_count - 1; i++) words[i] = mixed(words[i], words[i + 1], words[i - wrap]);
  words[word_count - 1] = mixed(words[word_count - 1], words[0], words[middle - 1]);
}

CLONES void dt_mersenne_temper(const uint32_t *words, uint32_t *tempered) {
  for (size_t i = 0; i < word_count; i++) {
    uint32_t word = words[i];
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    tempered[i] = word ^ (word >> 18);
  }
}

#define CHOOSE(s, T)                                                                                        \
  CLONES void dt_choose_##s(size_t n, const uint32_t *words, uint64_t below, T chosen, T *out) {            \
    for (size_t i = 0; i < n; i++) {                                                                        \
      const uint64_t drawn = (uint64_t)(words[2 * i] & 0x1fffff) << 32 | words[2 * i + 1];                  \
      out[i] = drawn < below ? chosen : 0;                                                                  \
    }                                                                                                       \
  }
CHOOSE(f32, float)
CHOOSE(f64, double)
