// Mean and variance from one reading of the elements.
#ifndef DISTTRAIN_MOMENTS_H
#define DISTTRAIN_MOMENTS_H

#include "kernel.h"

// What is added up of an element: its distance from one of the elements, and the square of that, which lose no digits as
// long as that element is not far out.
template <class T> DEVICE Pair fromOrigin(T x, T origin) {
  const double distance = (double)x - (double)origin;
  return {distance, distance * distance};
}

template <class R> struct MeanAndVariance { R mean, variance; };
template <class R> DEVICE MeanAndVariance<R> momentsOf(const Pair &sums, double origin, Int count) {
  const double distance = sums.first / (double)count, spread = sums.second / (double)count - distance * distance;
  return {(R)(origin + distance), (R)(spread < 0 ? 0 : spread)};
}

#endif
