/// Products with the two thin factors of a matrix, which are both stored by columns: `left` as `rank` × `rows` numbers,
/// `right` as `rank` × `columns`. The matrix itself is stored by rows.
#ifndef CSHAREDMEMORY_LOW_RANK_H
#define CSHAREDMEMORY_LOW_RANK_H

#include <stddef.h>

/// left = matrix · right.
void csm_low_rank_left(
    size_t rows, size_t columns, size_t rank, const float *matrix, const float *right, float *left);

/// right = matrixᵀ · left.
void csm_low_rank_right(
    size_t rows, size_t columns, size_t rank, const float *matrix, const float *left, float *right);

/// product = left · rightᵀ, and residual = residual − share · product. Gives the same bits on every CPU.
void csm_low_rank_product(
    size_t rows, size_t columns, size_t rank, const float *left, const float *right, float share, float *product,
    float *residual);

#endif
