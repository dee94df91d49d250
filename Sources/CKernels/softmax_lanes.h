// The softmax of a row of 16 floats or more, 16 at a time. With the exponentials of a short row, as of an attention's, it
// takes half as long as what compilers make of the loops in softmax.inc, and as long for a long one.
#ifndef DISTTRAIN_SOFTMAX_LANES_H
#define DISTTRAIN_SOFTMAX_LANES_H

#include "exponential.h"

enum { softmax_lanes = 16 };
typedef float float_lanes __attribute__((ext_vector_type(softmax_lanes)));
typedef int32_t int_lanes __attribute__((ext_vector_type(softmax_lanes)));

// Lanes that lie anywhere. (Functions are given addresses of lanes: by value they would have another convention in each
// clone.)
typedef float lanes_in_memory __attribute__((ext_vector_type(softmax_lanes), aligned(4)));
#define LANES(x) (*(const lanes_in_memory *)(x))
#define SET_LANES(x, ...) (*(lanes_in_memory *)(x) = (__VA_ARGS__))

// Halves are combined, then their halves.
#define COMBINED(x, operation)                                              \
  float __attribute__((ext_vector_type(8))) of_8 = operation(x->lo, x->hi); \
  float __attribute__((ext_vector_type(4))) of_4 = operation(of_8.lo, of_8.hi); \
  float __attribute__((ext_vector_type(2))) of_2 = operation(of_4.lo, of_4.hi); \
  return operation(of_2.x, of_2.y)
#define SUM(a, b) ((a) + (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
INLINED float sum_of_lanes(const float_lanes *x) { COMBINED(x, SUM); }
INLINED float largest_of_lanes(const float_lanes *x) { COMBINED(x, LARGER); }

// True for so many lanes at the end.
#define LAST_LANES(count) \
  ((int_lanes){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} >= (int32_t)(softmax_lanes - (count)))

// exp(x) for x up to 0, as exp_f32 computes it.
INLINED void exp_of_lanes(float_lanes *lanes) {
  const float_lanes x = *lanes < -104 ? -104 : *lanes;
  EXPONENTIAL_OF_REST(float_lanes, x);
  const int_lanes exponent = (int_lanes)shifted - 0x4B400000, half = exponent >> 1;
  const float_lanes first = (float_lanes)((half + 127) << 23), second = (float_lanes)((exponent - half + 127) << 23);
  *lanes = (1 + p) * first * (x <= -104 ? 0 : second);
}

// y may be x.
INLINED void softmax_of_lanes(size_t n, const float *x, float *y) {
  const size_t rest = n % softmax_lanes, whole = n - rest, end = n - softmax_lanes;
  // The elements after the whole lanes are the last of these, which begin within those.
  float_lanes last = LANES(x + end), top = last;
  for (size_t i = 0; i < whole; i += softmax_lanes) top = LARGER(LANES(x + i), top);
  const float largest = largest_of_lanes(&top);
  double sum = 0;
  float_lanes sums = 0;
  if (rest > 0) {
    last -= largest;
    exp_of_lanes(&last);
    sums = LAST_LANES(rest) ? last : 0;
  }
  // In single precision only 1024 elements are added up.
  for (size_t start = 0; start < whole; start += 1024) {
    const size_t stop = whole - start < 1024 ? whole : start + 1024;
    for (size_t i = start; i < stop; i += softmax_lanes) {
      float_lanes e = LANES(x + i) - largest;
      exp_of_lanes(&e);
      SET_LANES(y + i, e);
      sums += e;
    }
    sum += sum_of_lanes(&sums);
    sums = 0;
  }
  const float factor = 1 / (float)sum;
  for (size_t i = 0; i < whole; i += softmax_lanes) SET_LANES(y + i, LANES(y + i) * factor);
  if (rest > 0) SET_LANES(y + end, last * factor);
}

// The sum of the exponentials of a row of 16 floats or more after its largest element is taken from all of them, which is
// told, too. Lanes lie and are added as in softmax_of_lanes.
INLINED float sum_of_powers_of_lanes(size_t n, const float *x, float *largest) {
  const size_t rest = n % softmax_lanes, whole = n - rest;
  float_lanes last = LANES(x + n - softmax_lanes), top = last;
  for (size_t i = 0; i < whole; i += softmax_lanes) top = LARGER(LANES(x + i), top);
  *largest = largest_of_lanes(&top);
  double sum = 0;
  float_lanes sums = 0;
  if (rest > 0) {
    last -= *largest;
    exp_of_lanes(&last);
    sums = LAST_LANES(rest) ? last : 0;
  }
  for (size_t start = 0; start < whole; start += 1024) {
    const size_t stop = whole - start < 1024 ? whole : start + 1024;
    for (size_t i = start; i < stop; i += softmax_lanes) {
      float_lanes e = LANES(x + i) - *largest;
      exp_of_lanes(&e);
      sums += e;
    }
    sum += sum_of_lanes(&sums);
    sums = 0;
  }
  return (float)sum;
}

// (exp(x − largest − log_sum) − decrease) · factor for a row of 16 floats or more; y is not x.
INLINED void scaled_powers_of_lanes(size_t n, const float *x, float largest, float log_sum, float decrease,
                                    float factor, float *y) {
  for (size_t i = 0; i < n; i += softmax_lanes) {
    const size_t place = n - i < softmax_lanes ? n - softmax_lanes : i;
    float_lanes e = LANES(x + place) - largest - log_sum;
    exp_of_lanes(&e);
    SET_LANES(y + place, (e - decrease) * factor);
  }
}
#endif
