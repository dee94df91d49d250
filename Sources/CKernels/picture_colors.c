#include "clones.h"
#include "pictures.h"

// Results have the bits of Pillow, which rounds every product.
#pragma STDC FP_CONTRACT OFF

CLONES void dt_luma(size_t n, const uint8_t *red, const uint8_t *green, const uint8_t *blue, uint8_t *out) {
  for (size_t i = 0; i < n; i++)
    out[i] = (uint8_t)((19595u * red[i] + 38470u * green[i] + 7471u * blue[i] + 0x8000u) >> 16);
}

CLONES void dt_blend(size_t n, const uint8_t *start, const uint8_t *end, float factor, uint8_t *out) {
  for (size_t i = 0; i < n; i++) {
    const float value = (float)start[i] + factor * (float)(end[i] - start[i]);
    out[i] = (uint8_t)(int32_t)(value < 0 ? 0 : value > 255 ? 255 : value);
  }
}

static inline float smallest(float a, float b) { return a < b ? a : b; }
static inline float largest(float a, float b) { return a > b ? a : b; }

// A number from 0 to 255, rounded, halves upward.
static inline double rounded(double x) {
  const double whole = (double)(int32_t)x;
  return whole + (x - whole >= 0.5 ? 1 : 0);
}

CLONES void dt_turn_hues(size_t n, const uint8_t *red, const uint8_t *green, const uint8_t *blue, uint8_t steps,
                         uint8_t *new_red, uint8_t *new_green, uint8_t *new_blue) {
  for (size_t i = 0; i < n; i++) {
    const float r = red[i], g = green[i], b = blue[i];
    const float most = largest(r, largest(g, b)), range = most - smallest(r, smallest(g, b));
    const float divisor = range > 0 ? range : 1;
    const float from_red = (most - r) / divisor, from_green = (most - g) / divisor, from_blue = (most - b) / divisor;
    const float sixths = r == most   ? from_blue - from_green
                         : g == most ? (float)(2.0 + (double)from_red - (double)from_blue)
                                     : (float)(4.0 + (double)from_green - (double)from_red);
    const double circles = (double)sixths / 6 + 1;
    const float circle = (float)(circles - (double)(int32_t)circles);
    const int32_t hue = range > 0 ? (int32_t)((double)circle * 255) : 0;
    const int32_t saturation = (int32_t)((double)(range / (most > 0 ? most : 1)) * 255);

    const double turned = (double)((hue + steps) & 255) * 6 / 255;
    const int32_t sector = (int32_t)turned;
    const double part = (float)(turned - sector), value = most, strength = (float)saturation / 255;
    const double low = rounded(value * (1 - strength)), falling = rounded(value * (1 - strength * part)),
                 rising = rounded(value * (1 - strength * (1 - part)));
    // Red is highest in sectors 5 and 0, green in 1 and 2, blue in 3 and 4; the sixth is the first again.
    const int32_t s = sector == 6 ? 0 : sector;
    new_red[i] = (uint8_t)(int32_t)(s == 0 || s == 5 ? value : s == 1 ? falling : s == 4 ? rising : low);
    new_green[i] = (uint8_t)(int32_t)(s == 1 || s == 2 ? value : s == 3 ? falling : s == 0 ? rising : low);
    new_blue[i] = (uint8_t)(int32_t)(s == 3 || s == 4 ? value : s == 5 ? falling : s == 2 ? rising : low);
  }
}
