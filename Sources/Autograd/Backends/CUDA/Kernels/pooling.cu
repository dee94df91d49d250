#include "kernel.h"

// A window that slides over planes of height by width elements, of which as many as there are channels lie in one another.
struct Window {
  Int images, channels, height, width, outputHeight, outputWidth;
  Int kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight, paddingWidth, dilationHeight, dilationWidth;

  // The first element of a plane.
  DEVICE Int plane(Int image, int channel) const { return image * height * width * channels + channel; }
  DEVICE Int outputPlane(Int image, int channel) const {
    return image * outputHeight * outputWidth * channels + channel;
  }
};

// The elements of one window that lie inside the image: calls body(offset in the plane) in order until it is false.
template <class Body> DEVICE void forEachElement(const Window &w, int row, int column, const Body &body) {
  const int top = row * (int)w.strideHeight - (int)w.paddingHeight;
  const int left = column * (int)w.strideWidth - (int)w.paddingWidth;
  for (int i = 0; i < (int)w.kernelHeight; i++) {
    const int y = top + i * (int)w.dilationHeight;
    if (y < 0 || y >= (int)w.height) continue;
    for (int j = 0; j < (int)w.kernelWidth; j++) {
      const int x = left + j * (int)w.dilationWidth;
      if (x >= 0 && x < (int)w.width && !body((y * (int)w.width + x) * (int)w.channels)) return;
    }
  }
}

// The windows that an element is in: calls body(row, column) of each, in order.
template <class Body> DEVICE void forEachWindow(const Window &w, int y, int x, const Body &body) {
  const int reachDown = ((int)w.kernelHeight - 1) * (int)w.dilationHeight;
  const int reachRight = ((int)w.kernelWidth - 1) * (int)w.dilationWidth;
  const int down = y + (int)w.paddingHeight, right = x + (int)w.paddingWidth;
  const int strideDown = (int)w.strideHeight, strideRight = (int)w.strideWidth;
  const int top = down > reachDown ? (down - reachDown + strideDown - 1) / strideDown : 0;
  const int left = right > reachRight ? (right - reachRight + strideRight - 1) / strideRight : 0;
  for (int row = top; row < (int)w.outputHeight && row * strideDown <= down; row++) {
    if ((down - row * strideDown) % (int)w.dilationHeight != 0) continue;
    for (int column = left; column < (int)w.outputWidth && column * strideRight <= right; column++)
      if ((right - column * strideRight) % (int)w.dilationWidth == 0) body(row, column);
  }
}

// Calls body(i, image, channel, row, column) for every element of planes of the given size.
template <class Body> DEVICE void forEachPlace(const Window &w, Int height, Int width, const Body &body) {
  const Int count = w.images * height * width * w.channels;
  for (Int i = globalThread(); i < count; i += globalThreads()) {
    const Int place = w.channels == 1 ? i : quotient(i, w.channels), rows = quotient(place, width);
    const Int image = quotient(rows, height);
    body(i, image, (int)(i - place * w.channels), (int)(rows - image * height), (int)(place - rows * width));
  }
}

template <class T> DEVICE T larger(T a, T b) { return b > a || b != b ? b : a; }
template <class T> DEVICE bool isSame(T a, T b) { return a == b || (a != a && b != b); }

template <class T> DEVICE void maximumPool(const Window &w, const T *x, T *out) {
  forEachPlace(w, w.outputHeight, w.outputWidth, [&](Int i, Int n, int channel, int row, int column) {
    const T *image = x + w.plane(n, channel);
    Real<T> best = -1 / (Real<T>)0;
    forEachElement(w, row, column, [&](int at) {
      best = larger<Real<T>>(best, image[at]);
      return best == best;
    });
    out[i] = (T)best;
  });
}

// The place in its plane of the first element of a window that is `value`; below 0 where all of the window is padding.
template <class T> DEVICE int placeOf(const Window &w, const T *image, int row, int column, Real<T> value) {
  int found = -1;
  forEachElement(w, row, column, [&](int at) {
    found = at;
    return !isSame<Real<T>>(image[at], value);
  });
  return found;
}

// Every element of the result adds up the gradients of the windows whose maximum it is.
template <class T>
DEVICE void maximumPoolScatter(const Window &w, const T *gradient, const T *x, const T *maxima, T *out) {
  forEachPlace(w, w.height, w.width, [&](Int i, Int n, int channel, int y, int column) {
    const Int outputs = w.outputPlane(n, channel);
    const T *image = x + w.plane(n, channel);
    const int place = (y * (int)w.width + column) * (int)w.channels;
    Real<T> sum = 0;
    forEachWindow(w, y, column, [&](int row, int right) {
      const Int output = outputs + (row * w.outputWidth + right) * w.channels;
      const Real<T> value = maxima[output];
      if (isSame<Real<T>>(x[i], value) && placeOf(w, image, row, right, value) == place) sum += gradient[output];
    });
    out[i] = (T)sum;
  });
}

template <class T> DEVICE void maximumPoolGather(const Window &w, const T *values, const T *x, const T *maxima, T *out) {
  forEachPlace(w, w.outputHeight, w.outputWidth, [&](Int i, Int n, int channel, int row, int column) {
    const Int start = w.plane(n, channel);
    const int place = placeOf(w, x + start, row, column, maxima[i]);
    out[i] = place < 0 ? (T)0.0f : values[start + place];
  });
}

template <class T> DEVICE void averagePool(const Window &w, const T *x, T *out) {
  const Real<T> area = (Real<T>)(w.kernelHeight * w.kernelWidth);
  forEachPlace(w, w.outputHeight, w.outputWidth, [&](Int i, Int n, int channel, int row, int column) {
    const T *image = x + w.plane(n, channel);
    Real<T> sum = 0;
    forEachElement(w, row, column, [&](int at) {
      sum += image[at];
      return true;
    });
    out[i] = (T)(sum / area);
  });
}

template <class T> DEVICE void averagePoolSpread(const Window &w, const T *y, T *out) {
  const Real<T> area = (Real<T>)(w.kernelHeight * w.kernelWidth);
  forEachPlace(w, w.height, w.width, [&](Int i, Int n, int channel, int down, int right) {
    const T *outputs = y + w.outputPlane(n, channel);
    Real<T> sum = 0;
    forEachWindow(w, down, right, [&](int row, int column) {
      sum += outputs[(row * w.outputWidth + column) * w.channels] / area;
    });
    out[i] = (T)sum;
  });
}

#define POOLING(s, T)                                                                                              \
  KERNEL(maximum_pool_##s, (Window w, const T *x, T *out)) { maximumPool(w, x, out); }                             \
  KERNEL(maximum_pool_scatter_##s, (Window w, const T *gradient, const T *x, const T *maxima, T *out)) {           \
    maximumPoolScatter(w, gradient, x, maxima, out);                                                               \
  }                                                                                                                \
  KERNEL(maximum_pool_gather_##s, (Window w, const T *values, const T *x, const T *maxima, T *out)) {              \
    maximumPoolGather(w, values, x, maxima, out);                                                                  \
  }                                                                                                                \
  KERNEL(average_pool_##s, (Window w, const T *x, T *out)) { averagePool(w, x, out); }                             \
  KERNEL(average_pool_spread_##s, (Window w, const T *y, T *out)) { averagePoolSpread(w, y, out); }
POOLING(f32, float)
POOLING(f64, double)
POOLING(bf16, BFloat16)
