#include "low_rank.h"

#include <string.h>

#include "clones.h"

CLONES float csm_dot(size_t count, const float *restrict first, const float *restrict second) {
#pragma clang fp reassociate(on) contract(fast)
  float sum = 0;
  for (size_t i = 0; i < count; i++) sum += first[i] * second[i];
  return sum;
}

CLONES void csm_add_scaled(size_t count, float factor, const float *restrict source, float *restrict target) {
#pragma clang fp contract(fast)
  for (size_t i = 0; i < count; i++) target[i] += factor * source[i];
}

// Ranks of different CPUs must get the same product, so it is not left to the compiler how it is rounded.
CLONES void csm_product_row(
    size_t columns, size_t rank, const float *restrict left, size_t left_stride, const float *restrict right,
    float share, float *restrict product, float *restrict residual) {
#pragma clang fp contract(off)
  for (size_t j = 0; j < columns; j++) product[j] = left[0] * right[j];
  for (size_t k = 1; k < rank; k++) {
    const float factor = left[k * left_stride];
    for (size_t j = 0; j < columns; j++) product[j] += factor * right[k * columns + j];
  }
  for (size_t j = 0; j < columns; j++) residual[j] -= share * product[j];
}

void csm_low_rank_left(
    size_t rows, size_t columns, size_t rank, const float *matrix, const float *right, float *left) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t k = 0; k < rank; k++) left[k * rows + i] = csm_dot(columns, matrix + i * columns, right + k * columns);
  }
}

void csm_low_rank_right(
    size_t rows, size_t columns, size_t rank, const float *matrix, const float *left, float *right) {
  memset(right, 0, rank * columns * sizeof(float));
  for (size_t i = 0; i < rows; i++) {
    for (size_t k = 0; k < rank; k++) {
      csm_add_scaled(columns, left[k * rows + i], matrix + i * columns, right + k * columns);
    }
  }
}

void csm_low_rank_product(
    size_t rows, size_t columns, size_t rank, const float *left, const float *right, float share, float *product,
    float *residual) {
  for (size_t i = 0; i < rows; i++) {
    csm_product_row(
        columns, rank, left + i, rows, right, share, product + i * columns, residual + i * columns);
  }
}
