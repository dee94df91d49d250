// Products of float matrices, for shapes at which they beat the BLAS library; single-threaded.
#ifndef DISTTRAIN_PRODUCT_H
#define DISTTRAIN_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// c = op(a) * op(b) + addend, where op(a) is [rows, inner], op(b) is [inner, columns], and c and the addend are
// [rows, columns], row by row. The addend may be c itself or, with a stride of 0, one row for all; NULL is for none.
// A transposed operand lies in memory as [inner, rows] or [columns, inner]. Strides count elements from one row in
// memory to the next. The bits of an element of c depend on its row of op(a) and its column of op(b) only.
typedef struct {
  size_t rows, columns, inner;
  bool transposes_first, transposes_second;
  size_t first_stride, second_stride, result_stride;
  const float *addend;
  size_t addend_stride;
} dt_product;

// A kernel; `workspace` has room for as many bytes as its `..._workspace` says, aligned to 64.
typedef void dt_product_kernel(const dt_product *product, const float *a, const float *b, float *c, void *workspace);

// Elements along k whose products are added up in registers, before that sum is added to the result: the same number in
// all kernels for float, so that they give the same bits.
#define DT_PRODUCT_UNITS 512

// The kernel that reads the factors where they lie, or NULL where this CPU has none (it needs AVX-512).
dt_product_kernel *dt_product_in_place(void);

// The bytes that it needs, next to none but where the second factor is transposed.
size_t dt_product_in_place_workspace(const dt_product *product);

// The kernel for processors with AVX2 alone, which packs what it cannot read in order, or NULL where this CPU has none.
dt_product_kernel *dt_product_avx2(void);

// The bytes that it needs, for any product.
extern const size_t dt_product_avx2_workspace;

// The bytes that the two kernels below need, for any product: they pack the factors.
extern const size_t dt_product_workspace;

// The kernel for factors as they are, or NULL where this CPU has none (it needs AVX-512).
dt_product_kernel *dt_product_f32(void);

// The kernel that rounds the factors to bfloat16 (see below) and adds up in float, or NULL (it needs AVX512-BF16).
dt_product_kernel *dt_product_bf16(void);

// out[i] = x[i] rounded to bfloat16: to nearest, ties to even, beyond the largest to infinity; NaN stays NaN, and what is
// below the smallest normal number becomes zero of the same sign, as in the CPU's own conversion.
void dt_round_to_bf16(size_t n, const float *x, float *out);

#endif
