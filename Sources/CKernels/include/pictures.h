// Pictures of 8 bits a channel, which lie channel after channel, row after row. Arrays do not overlap.
#ifndef DISTTRAIN_PICTURES_H
#define DISTTRAIN_PICTURES_H

#include <stddef.h>
#include <stdint.h>

// The first one or three samples of n pixels, channel after channel.
void dt_separate_channels(size_t n, size_t channels, size_t samples_per_pixel, const uint8_t *samples, uint8_t *out);

// Rows from right to left.
void dt_mirror(size_t rows, size_t width, const uint8_t *pixels, uint8_t *out);

// A row of a PNG without its filter, 0 to 4. `step` bytes before each is that of the pixel on the left; `above` is the
// row before, or zeros (section 9 of <https://www.w3.org/TR/png-3/>).
void dt_unfilter(int filter, size_t n, size_t step, const uint8_t *above, const uint8_t *filtered, uint8_t *out);

// How bright pixels are, in the 65536ths of BT.601 as Pillow has them.
void dt_luma(size_t n, const uint8_t *red, const uint8_t *green, const uint8_t *blue, uint8_t *out);

// out[i] = start[i] + factor · (end[i] - start[i]), cut to a byte.
void dt_blend(size_t n, const uint8_t *start, const uint8_t *end, float factor, uint8_t *out);

// Hues, of 256 steps, turned by some, with the bits of Pillow
// (<https://github.com/python-pillow/Pillow/blob/12.0.0/src/libImaging/Convert.c>, after Python's colorsys).
void dt_turn_hues(size_t n, const uint8_t *red, const uint8_t *green, const uint8_t *blue, uint8_t steps,
                  uint8_t *new_red, uint8_t *new_green, uint8_t *new_blue);

// The fraction's bits of the weights of resizing: no sum of bytes with weights that add up to 1 passes 32 bits.
enum { dt_resizing_bits = 22 };

// Of a new pixel the first neighbour, and where its weights start and end.
typedef struct {
  size_t first, start, end;
} dt_neighbours;

// out[row][new] = the sum of pixels[row][first + i] · weights[start + i], rounded, and 0 or 255 where it lies beyond.
// `room` has 16 · (width + 15) bytes.
void dt_resize_rows(size_t rows, size_t width, const uint8_t *pixels, size_t count, const dt_neighbours *neighbours,
                    const int32_t *weights, uint8_t *room, uint8_t *out);

// out[new][column] = the same of pixels[first + i][column].
void dt_resize_columns(size_t width, const uint8_t *pixels, size_t count, const dt_neighbours *neighbours,
                       const int32_t *weights, uint8_t *out);

#endif
