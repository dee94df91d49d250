#include <string.h>

#include "clones.h"
#include "pictures.h"

#define INLINED static inline __attribute__((always_inline))

CLONES void dt_separate_channels(size_t n, size_t channels, size_t samples_per_pixel, const uint8_t *samples,
                                 uint8_t *out) {
  if (channels == 3 && samples_per_pixel == 3)
    for (size_t i = 0; i < n; i++) {
      out[i] = samples[3 * i];
      out[n + i] = samples[3 * i + 1];
      out[2 * n + i] = samples[3 * i + 2];
    }
  else
    for (size_t channel = 0; channel < channels; channel++)
      for (size_t i = 0; i < n; i++) out[channel * n + i] = samples[i * samples_per_pixel + channel];
}

CLONES void dt_mirror(size_t rows, size_t width, const uint8_t *pixels, uint8_t *out) {
  for (size_t row = 0; row < rows; row++, pixels += width, out += width)
    for (size_t i = 0; i < width; i++) out[i] = pixels[width - 1 - i];
}

typedef uint8_t bytes __attribute__((vector_size(8)));
typedef int16_t numbers __attribute__((vector_size(16)));

INLINED numbers numbers_of(const uint8_t *x, size_t count) {
  bytes found = {0};
  memcpy(&found, x, count);
  return __builtin_convertvector(found, numbers);
}

// Of the three neighbours, the one nearest to left + above - corner.
INLINED numbers paeth(numbers left, numbers above, numbers corner) {
  const numbers to_left = __builtin_elementwise_abs(above - corner), to_above = __builtin_elementwise_abs(left - corner);
  const numbers to_corner = __builtin_elementwise_abs(left + above - 2 * corner);
  const numbers is_left = (to_left <= to_above) & (to_left <= to_corner), is_above = to_above <= to_corner;
  return (is_left & left) | (~is_left & ((is_above & above) | (~is_above & corner)));
}

// A pixel of up to `count` bytes; what is written beyond it is written again.
INLINED void unfilter_pixel(int filter, size_t count, const uint8_t *above, const uint8_t *filtered, numbers *left,
                            numbers *corner, uint8_t *out) {
  const numbers upper = numbers_of(above, count);
  const numbers prediction = filter == 1   ? *left
                             : filter == 3 ? (*left + upper) >> 1
                                           : paeth(*left, upper, *corner);
  *left = (numbers_of(filtered, count) + prediction) & 255;
  *corner = upper;
  const bytes found = __builtin_convertvector(*left, bytes);
  memcpy(out, &found, count);
}

INLINED void unfilter_pixels(int filter, size_t n, size_t step, const uint8_t *above, const uint8_t *filtered,
                             uint8_t *out) {
  numbers left = {0}, corner = {0};
  size_t i = 0;
  for (; i + 8 <= n; i += step) unfilter_pixel(filter, 8, above + i, filtered + i, &left, &corner, out + i);
  for (; i < n; i += step) unfilter_pixel(filter, n - i, above + i, filtered + i, &left, &corner, out + i);
}

CLONES void dt_unfilter(int filter, size_t n, size_t step, const uint8_t *above, const uint8_t *filtered,
                        uint8_t *out) {
  switch (filter) {
    case 1: return unfilter_pixels(1, n, step, above, filtered, out);
    case 2:
      for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(filtered[i] + above[i]);
      return;
    case 3: return unfilter_pixels(3, n, step, above, filtered, out);
    case 4: return unfilter_pixels(4, n, step, above, filtered, out);
    default: memcpy(out, filtered, n);
  }
}
