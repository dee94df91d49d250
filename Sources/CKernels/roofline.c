// What a core can do at most: multiply-adds on registers, and reading and writing memory.
#include "clones.h"
#include "CKernels.h"

typedef float wide __attribute__((vector_size(64)));
typedef float narrow __attribute__((vector_size(32)));

// Independent sums hide the latency of a multiply-add (4 or 5 cycles, two of them a cycle): as many as fit the
// registers, 32 of 64 bytes with AVX-512, 16 of 32 bytes with AVX2 and 32 of 16 bytes with NEON. The sum is the addend,
// which NEON's multiply-add overwrites: another one would be copied first. The compiler must not know where the sums
// start: one of 0 stays 0, and it would leave that one out.
#define MULTIPLY_ADDS(name, vector, sums)                                                                             \
  CLONES float name(long rounds, float start) {                                                                       \
    vector sum[sums];                                                                                                 \
    const vector factor = (vector){} - 0x1p-23f;                                                                      \
    for (int i = 0; i < sums; i++) sum[i] = (vector){} + start + (float)i;                                            \
    for (long round = 0; round < rounds; round++) {                                                                   \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < sums; i++) sum[i] += sum[i] * factor;                    \
    }                                                                                                                 \
    vector total = sum[0];                                                                                            \
    for (int i = 1; i < sums; i++) total += sum[i];                                                                   \
    return total[0];                                                                                                  \
  }

MULTIPLY_ADDS(multiply_adds_wide, wide, 20)
MULTIPLY_ADDS(multiply_adds_narrow, narrow, 12)

double dt_multiply_adds(long rounds, int is_wide, float *result) {
  *result = is_wide ? multiply_adds_wide(rounds, *result) : multiply_adds_narrow(rounds, *result);
  return 2.0 * (is_wide ? 20 * 16 : 12 * 8) * rounds;
}

CLONES void dt_change_memory(long count, float *x) {
  for (long i = 0; i < count; i++) x[i] = -x[i];
}

CLONES float dt_read_memory(long count, const float *x) {
  wide sum[8] = {};
  for (long i = 0; i + 128 <= count; i += 128)
    for (int j = 0; j < 8; j++) sum[j] += *(const wide *)(x + i + 16 * j);
  for (int j = 1; j < 8; j++) sum[0] += sum[j];
  float total = 0;
  for (int i = 0; i < 16; i++) total += sum[0][i];
  return total;
}
