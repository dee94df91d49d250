#include <stdlib.h>
#include <string.h>

#include "clones.h"
#include "pictures.h"

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

// Of the three neighbours, the one nearest to left + above - corner.
static inline int paeth(int left, int above, int corner) {
  const int to_left = abs(above - corner), to_above = abs(left - corner), to_corner = abs(left + above - 2 * corner);
  return to_left <= to_above && to_left <= to_corner ? left : to_above <= to_corner ? above : corner;
}

CLONES void dt_unfilter(int filter, size_t n, size_t step, const uint8_t *above, const uint8_t *filtered,
                        uint8_t *out) {
  for (size_t i = 0; i < (n < step ? n : step); i++)
    out[i] = (uint8_t)(filtered[i] + (filter == 2 || filter == 4 ? above[i] : filter == 3 ? above[i] / 2 : 0));
  switch (filter) {
    case 1:
      for (size_t i = step; i < n; i++) out[i] = (uint8_t)(filtered[i] + out[i - step]);
      break;
    case 2:
      for (size_t i = step; i < n; i++) out[i] = (uint8_t)(filtered[i] + above[i]);
      break;
    case 3:
      for (size_t i = step; i < n; i++) out[i] = (uint8_t)(filtered[i] + (out[i - step] + above[i]) / 2);
      break;
    case 4:
      for (size_t i = step; i < n; i++)
        out[i] = (uint8_t)(filtered[i] + paeth(out[i - step], above[i], above[i - step]));
      break;
    default:
      if (n > step) memcpy(out + step, filtered + step, n - step);
  }
}
