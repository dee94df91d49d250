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

// The remainder by two products with `inverse`, the 64-bit fraction ceil(2^64 / range): D. Lemire, O. Kaser, N. Kurz,
// "Faster remainder by direct computation", Software: Practice and Experience 49(6), 2019.
static inline uint32_t remainder_by(uint32_t word, uint32_t range, uint64_t inverse) {
  return (uint32_t)((unsigned __int128)(inverse * word) * range >> 64);
}

void dt_remainders(size_t n, const uint32_t *words, uint32_t range, int64_t low, int64_t *out) {
  // For 1 it is 0, as is every remainder.
  const uint64_t inverse = UINT64_MAX / range + 1;
  for (size_t i = 0; i < n; i++) out[i] = low + remainder_by(words[i], range, inverse);
}

void dt_shuffle(size_t n, size_t rest, const uint32_t *words, ptrdiff_t *order) {
  enum { ahead = 16 };
  size_t places[ahead];
  for (size_t start = 0; start < n; start += ahead) {
    const size_t count = n - start < ahead ? n - start : ahead;
    // The elements to come are far apart in memory, and asked for together.
    for (size_t i = 0; i < count; i++) {
      places[i] = start + i + words[start + i] % (uint32_t)(rest - start - i);
      __builtin_prefetch(order + places[i], 1);
    }
    for (size_t i = 0; i < count; i++) {
      const ptrdiff_t element = order[start + i];
      order[start + i] = order[places[i]];
      order[places[i]] = element;
    }
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
