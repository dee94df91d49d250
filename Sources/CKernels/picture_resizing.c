#include "pictures.h"

#include <string.h>

#include "clones.h"

enum { lanes = 16 };

typedef uint8_t vector __attribute__((vector_size(lanes)));

// The sum of `count` times `width` bytes, which begin `step` apart, with a weight each.
static inline __attribute__((always_inline)) void weigh(size_t width, size_t count, const int32_t *weights,
                                                        const uint8_t *bytes, size_t step, uint8_t *out) {
  int32_t sums[4 * lanes];
  for (size_t i = 0; i < width; i++) sums[i] = 1 << (dt_resizing_bits - 1);
  for (size_t k = 0; k < count; k++, bytes += step)
    for (size_t i = 0; i < width; i++) sums[i] += weights[k] * bytes[i];
  for (size_t i = 0; i < width; i++) {
    const int32_t byte = sums[i] >> dt_resizing_bits;
    out[i] = (uint8_t)(byte < 0 ? 0 : byte > 255 ? 255 : byte);
  }
}

// Bytes of 16 rows as those of 16 columns.
static inline __attribute__((always_inline)) void transpose(vector x[lanes]) {
  for (int stage = 0; stage < 4; stage++) {
    vector y[lanes];
    for (int i = 0; i < lanes / 2; i++) {
      y[2 * i] = __builtin_shufflevector(x[i], x[i + lanes / 2], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      y[2 * i + 1] =
          __builtin_shufflevector(x[i], x[i + lanes / 2], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    memcpy(x, y, sizeof y);
  }
}

CLONES void dt_resize_rows(size_t rows, size_t width, const uint8_t *pixels, size_t count,
                           const dt_neighbours *neighbours, const int32_t *weights, uint8_t *room, uint8_t *out) {
  vector x[lanes];
  for (size_t row = 0; row < rows; row += lanes) {
    const size_t height = rows - row < lanes ? rows - row : lanes;
    // Columns of 16 rows; where rows are lacking, of the last one again.
    for (size_t column = 0; column < width; column += lanes) {
      const size_t columns = width - column < lanes ? width - column : lanes;
      for (size_t i = 0; i < lanes; i++) {
        const uint8_t *from = pixels + (row + (i < height ? i : height - 1)) * width + column;
        if (columns == lanes)
          memcpy(&x[i], from, lanes);
        else
          memcpy(&x[i], from, columns);
      }
      transpose(x);
      memcpy(room + column * lanes, x, sizeof x);
    }
    for (size_t column = 0; column < count; column += lanes) {
      const size_t columns = count - column < lanes ? count - column : lanes;
      for (size_t i = 0; i < columns; i++) {
        const dt_neighbours of = neighbours[column + i];
        weigh(lanes, of.end - of.start, weights + of.start, room + of.first * lanes, lanes, (uint8_t *)&x[i]);
      }
      transpose(x);
      for (size_t i = 0; i < height; i++) {
        uint8_t *to = out + (row + i) * count + column;
        if (columns == lanes)
          memcpy(to, &x[i], lanes);
        else
          memcpy(to, &x[i], columns);
      }
    }
  }
}

CLONES void dt_resize_columns(size_t width, const uint8_t *pixels, size_t count, const dt_neighbours *neighbours,
                              const int32_t *weights, uint8_t *out) {
  for (size_t row = 0; row < count; row++, out += width) {
    const dt_neighbours of = neighbours[row];
    const uint8_t *from = pixels + of.first * width;
    size_t column = 0;
    for (; column + 2 * lanes <= width; column += 2 * lanes)
      weigh(2 * lanes, of.end - of.start, weights + of.start, from + column, width, out + column);
    weigh(width - column, of.end - of.start, weights + of.start, from + column, width, out + column);
  }
}
