// Images sampled at the places of a grid.
#ifndef DISTTRAIN_GRID_SAMPLING_H
#define DISTTRAIN_GRID_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>

// Pixels below 2^31, and what a sample is; see Tensor.sampled.
typedef struct {
  size_t channels, height, width, places;
  bool nearest, repeats_border, aligns_corners;
} dt_grid_sampling;

// The samples, [channels, places], of an image at a grid, [places, 2].
// Their gradients: that of the image is added to `of_image`, that of the grid written to `of_grid`; each may be NULL.
#define DT_DECLARE_GRID_SAMPLING(T, s)                                                                               \
  void dt_sample_grid_##s(const dt_grid_sampling *form, const T *image, const T *grid, T *out);                      \
  void dt_sample_grid_gradient_##s(const dt_grid_sampling *form, const T *gradient, const T *image, const T *grid,   \
                                   T *of_image, T *of_grid);
DT_DECLARE_GRID_SAMPLING(float, f32)
DT_DECLARE_GRID_SAMPLING(double, f64)

#endif
