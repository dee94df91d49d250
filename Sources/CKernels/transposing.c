#include "CKernels.h"
#include "clones.h"

// Blocks of 8 by 8 elements are transposed in registers.
enum { block = 8, rows_of_a_pass = 128 };

// Rows become columns in three steps, each of which moves the first bit of an element's row to its column and the first
// bit of its column to its row.
#define LOWER_HALVES(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER_HALVES(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

// The last block of a row or column begins within the one before it. Rows of the result that are written in one pass stay
// in the first-level cache until all their elements are there.
#define TRANSPOSE(s, T)                                                                                            \
  typedef T line_##s __attribute__((ext_vector_type(block), aligned(sizeof(T)), may_alias));                       \
  static inline __attribute__((always_inline)) void transpose_block_##s(const T *from, size_t from_step, T *to,    \
                                                                        size_t to_step) {                          \
    line_##s lines[block], next[block];                                                                            \
    _Pragma("clang loop unroll(full)")                                                                             \
    for (size_t i = 0; i < block; i++) lines[i] = *(const line_##s *)(from + i * from_step);                       \
    _Pragma("clang loop unroll(full)")                                                                             \
    for (size_t step = 1; step < block; step *= 2) {                                                               \
      _Pragma("clang loop unroll(full)")                                                                           \
      for (size_t i = 0; i < block / 2; i++) {                                                                     \
        next[2 * i] = LOWER_HALVES(lines[i], lines[i + block / 2]);                                                \
        next[2 * i + 1] = UPPER_HALVES(lines[i], lines[i + block / 2]);                                            \
      }                                                                                                            \
      _Pragma("clang loop unroll(full)")                                                                           \
      for (size_t i = 0; i < block; i++) lines[i] = next[i];                                                       \
    }                                                                                                              \
    _Pragma("clang loop unroll(full)")                                                                             \
    for (size_t i = 0; i < block; i++) *(line_##s *)(to + i * to_step) = lines[i];                                 \
  }                                                                                                                \
                                                                                                                   \
  CLONES void dt_transpose_##s(size_t rows, size_t columns, const void *source, size_t from_step, void *target,    \
                               size_t to_step) {                                                                   \
    const T *from = source;                                                                                        \
    T *to = target;                                                                                                \
    if (rows < block || columns < block) {                                                                         \
      for (size_t r = 0; r < rows; r++)                                                                            \
        for (size_t c = 0; c < columns; c++) to[r * to_step + c] = from[c * from_step + r];                        \
      return;                                                                                                      \
    }                                                                                                              \
    for (size_t first = 0; first < rows; first += rows_of_a_pass) {                                                \
      const size_t end = rows - first < rows_of_a_pass ? rows : first + rows_of_a_pass;                            \
      for (size_t c = 0; c < columns; c += block) {                                                                \
        const size_t column = columns - c < block ? columns - block : c;                                           \
        for (size_t r = first; r < end; r += block) {                                                              \
          const size_t row = rows - r < block ? rows - block : r;                                                  \
          transpose_block_##s(from + column * from_step + row, from_step, to + row * to_step + column, to_step);   \
        }                                                                                                          \
      }                                                                                                            \
    }                                                                                                              \
  }
TRANSPOSE(32, uint32_t)
TRANSPOSE(64, uint64_t)
