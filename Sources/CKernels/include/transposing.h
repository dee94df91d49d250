// Copies of matrices of 32- or 64-bit elements by which rows become columns.
#ifndef DISTTRAIN_TRANSPOSING_H
#define DISTTRAIN_TRANSPOSING_H

#include <stddef.h>

// target[r * to_step + c] = source[c * from_step + r]; the two do not overlap.
#define DT_DECLARE_TRANSPOSE(bits)                                                                                  \
  void dt_transpose_##bits(size_t rows, size_t columns, const void *source, size_t from_step, void *target,         \
                           size_t to_step);
DT_DECLARE_TRANSPOSE(32)
DT_DECLARE_TRANSPOSE(64)

#endif
