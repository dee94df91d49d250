// Euclidean distances.
#ifndef DISTTRAIN_DISTANCES_H
#define DISTTRAIN_DISTANCES_H

#include <stddef.h>

// The most vectors that others are compared with at a time.
enum { dt_distance_columns = 16 };

// The distances of `rows` vectors of `size` elements, x, from up to dt_distance_columns others, y: out[r * out_step + c].
// Differences are squared and added up. `panel` is scratch memory for size * dt_distance_columns elements.
#define DT_DECLARE_DISTANCES(T, s)                                                                                   \
  void dt_distances_##s(size_t rows, size_t size, const T *x, size_t columns, const T *y, T *panel, T *out,          \
                        size_t out_step);
DT_DECLARE_DISTANCES(float, f32)
DT_DECLARE_DISTANCES(double, f64)

#endif
