// Dropout. Draws are made again from their key wherever they are needed, so that no mask is kept for the backward pass.

#include "kernel.h"

// Four words for a place: Philox4x32 with ten rounds (J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel Random Numbers: As
// Easy as 1, 2, 3", SC 2011).
DEVICE Pack<unsigned, 4> drawnWords(UInt place, UInt key) {
  unsigned a = (unsigned)place, b = (unsigned)(place >> 32), c = 0, d = 0;
  unsigned first = (unsigned)key, second = (unsigned)(key >> 32);
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const UInt left = (UInt)0xd2511f53u * a, right = (UInt)0xcd9e8d57u * c;
    a = (unsigned)(right >> 32) ^ b ^ first;
    b = (unsigned)right;
    c = (unsigned)(left >> 32) ^ d ^ second;
    d = (unsigned)left;
    first += 0x9e3779b9u;
    second += 0xbb67ae85u;
  }
  return {{a, b, c, d}};
}

// Each element times 0 where its word is below `dropped`, else times `factor`. The key is in memory, or given here.
template <class T>
DEVICE void dropElements(Int n, const UInt *keyInMemory, UInt key, unsigned dropped, Real<T> factor, const T *x, T *out) {
  if (keyInMemory) key = *keyInMemory;
  for (Int i = globalThread(); i * 4 < n; i += globalThreads()) {
    const Pack<unsigned, 4> words = drawnWords(i, key);
    const int count = n - i * 4 < 4 ? (int)(n - i * 4) : 4;
    Pack<T, 4> values = {};
    if (count == 4) values = packAt<4>(x, i);
    else for (int k = 0; k < count; k++) values.at[k] = x[i * 4 + k];
#pragma unroll
    for (int k = 0; k < 4; k++) values.at[k] = (T)(values.at[k] * (words.at[k] < dropped ? Real<T>(0) : factor));
    if (count == 4) placePack(values, out, i);
    else for (int k = 0; k < count; k++) out[i * 4 + k] = values.at[k];
  }
}
#define DROPOUT(s, T)                                                                                              \
  KERNEL(dropout_##s, (Int n, const UInt *keyInMemory, UInt key, unsigned dropped, Real<T> factor, const T *x, T *out)) { \
    dropElements(n, keyInMemory, key, dropped, factor, x, out);                                                    \
  }
DROPOUT(f32, float)
DROPOUT(f64, double)
DROPOUT(bf16, BFloat16)
