// Convolution by 3 by 3 elements with strides of 1, with a quarter of the multiplications (A. Lavin and S. Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2016): tiles of 4 by 4 results, of the 6 by 6 elements under their
// kernels, and filters become values at 36 points, at which they are multiplied and summed over the channels alone.
//
// A result and an image are polynomials whose coefficients are the elements; the points of each direction are 0, 3/4,
// -3/4, 3/2, -3/2 and infinity, at which float32 rounds less than at the usual 0, 1, -1, 2, -2 and infinity.
//
// Images and results have their channels last, a multiple of `lanes` of them. Values at points are matrices, one after
// the other: for tiles [tile, channel], for filters panels of columns, each [row, column of the panel].
#ifndef DISTTRAIN_WINOGRAD_H
#define DISTTRAIN_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

enum { dt_winograd_points = 36, dt_winograd_results = 4, dt_winograd_extent = 6 };

// A row of tiles, and where its values at points are.
typedef struct {
  size_t channels, tiles;
  size_t first_row, rows;   // those of the tiles' rows that are there
  ptrdiff_t left;           // columns of zeros before the first
  size_t width;             // columns that are there
  size_t tile_step, point_step;
} dt_tile_row;

// Matrices [rows, columns] of filters, with 9 elements each at row * row_step + column * column_step of a weight.
typedef struct {
  size_t rows, columns;     // columns are a multiple of `lanes`
  size_t row_step, column_step;
  bool reversed;            // with the last element first
  size_t point_step;
} dt_winograd_filters;

// c = op(a) * b, or that added to c; columns are a multiple of `lanes`. A transposed a lies in memory as [inner, rows].
typedef struct {
  size_t rows, columns, inner;
  size_t first_step, second_step, result_step;  // elements from one row in memory to the next
  bool adds;
} dt_point_product;

// Pointers are to elements of the type for which the kernels were asked.
typedef struct {
  // Columns of a panel; the last one of a matrix may have half of them.
  size_t panel;
  void (*image_to_points)(const dt_tile_row *s, const void *x, void *points);
  void (*gradient_to_points)(const dt_tile_row *s, const void *x, void *points);
  // Results with the bias of their channel. Whether all are finite.
  bool (*points_to_results)(const dt_tile_row *s, const void *points, const void *bias, void *out);
  // Into panels.
  void (*filters_to_points)(const dt_winograd_filters *s, const void *weight, void *points);
  // From matrices [row, column]. Whether all are finite.
  bool (*points_to_filters)(const dt_winograd_filters *s, const void *points, void *weight);
  // a as it is, b in panels
  void (*multiply)(const dt_point_product *s, const void *a, const void *b, void *c);
  // a transposed, b as it is
  void (*multiply_transposed)(const dt_point_product *s, const void *a, const void *b, void *c);
} dt_winograd_kernels;

#endif
