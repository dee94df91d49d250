// Convolutions as matrix products whose second factor is gathered from images on the way: every block computes a tile
// of the product in steps of `depth`, the next step's elements being fetched while this one's are multiplied.
#ifndef DISTTRAIN_CONVOLUTION_H
#define DISTTRAIN_CONVOLUTION_H

#include "multiply.h"

// One element under the kernel: how far it is from the window's corner, in the image and in rows and columns.
struct alignas(16) Tap {
  int offset, down, right, padding;
};
// Further away than any image goes, so that what is there counts as zero.
enum { outside = -(1 << 29) };

// Both the output of a convolution and the gradient of its input are sums over taps of a source image: for the latter
// that of the output, whose places lie `phases` apart in the result, each phase with the taps that reach it.
struct Gather {
  Int images, groups;
  // Of each group.
  Int sourceChannels, sourceHeight, sourceWidth, channels, height, width;
  Int kernelHeight, kernelWidth;
  Int stepHeight, stepWidth, phasesHeight, phasesWidth;
  Int paddingHeight, paddingWidth, dilationHeight, dilationWidth;
  // Channels of a row of weights, of which there is one for each source channel and tap.
  Int weightChannels;
  int isTransposed;
};

// The taps of one phase along an axis: every `step`-th from `first` on.
struct TapRange {
  int first, step, count;
};
DEVICE int commonDivisor(int a, int b) {
  while (b != 0) {
    const int rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
DEVICE TapRange tapsOf(int phase, int phases, int padding, int dilation, int kernel) {
  const int step = phases / commonDivisor(phases, dilation);
  int first = 0;
  while (first < step && (phase + padding - first * dilation) % phases != 0) first++;
  return {first, step, first < step && first < kernel ? (kernel - first + step - 1) / step : 0};
}
// Where tap `i` reads, relative to the place of the result in its phase times the step.
DEVICE int reachOf(const Gather &g, int i, int phase, int phases, int padding, int dilation) {
  return g.isTransposed ? (phase + padding - i * dilation) / phases : i * dilation - padding;
}

// result[n, g, m, place] = sum over (c, i, j) of weights[g, (c, i, j), m] · source[n, g, c, place under (i, j)], plus
// bias. Blocks are laid out as (groups · phases · tiles of places, tiles of channels).
template <class Tile, class T>
DEVICE void gatherProduct(const Gather &g, const T *RESTRICT weights, const T *RESTRICT source, const T *RESTRICT bias,
                          T *RESTRICT result) {
  constexpr int rows = Tile::rows, columns = Tile::columns, depth = Tile::depth, threads = Tile::threads;
  constexpr int fetched = depth * columns / threads, packs = depth * rows / 4;
  constexpr int packsEach = (packs + threads - 1) / threads;
  typedef Pack<T, 4> Four;
  alignas(16) __shared__ T left[2][depth][rows + Tile::padding];
  alignas(16) __shared__ T right[2][depth][columns + Tile::padding];
  __shared__ Tap taps[2][depth];
  __shared__ int weightRows[2][depth];

  const int thread = threadIdx.x;
  const int phases = (int)(g.phasesHeight * g.phasesWidth), tiles = gridDim.x / ((int)g.groups * phases);
  const int part = blockIdx.x / tiles, group = part / phases, phase = part % phases;
  const int phaseDown = phase / (int)g.phasesWidth, phaseRight = phase % (int)g.phasesWidth;
  const int placesDown = ((int)g.height - phaseDown + (int)g.phasesHeight - 1) / (int)g.phasesHeight;
  const int placesRight = ((int)g.width - phaseRight + (int)g.phasesWidth - 1) / (int)g.phasesWidth;
  const int places = placesDown * placesRight;
  const Int allPlaces = g.images * places, firstPlace = (Int)(blockIdx.x % tiles) * columns;
  if (firstPlace >= allPlaces) return;
  const TapRange down = g.isTransposed
      ? tapsOf(phaseDown, (int)g.phasesHeight, (int)g.paddingHeight, (int)g.dilationHeight, (int)g.kernelHeight)
      : TapRange{0, 1, (int)g.kernelHeight};
  const TapRange across = g.isTransposed
      ? tapsOf(phaseRight, (int)g.phasesWidth, (int)g.paddingWidth, (int)g.dilationWidth, (int)g.kernelWidth)
      : TapRange{0, 1, (int)g.kernelWidth};
  const int tapCount = down.count * across.count, inner = (int)g.sourceChannels * tapCount;
  const int firstChannel = blockIdx.y * rows, planeSize = (int)(g.sourceHeight * g.sourceWidth);

  // The first `depth` threads find the taps of a step.
  const auto findTaps = [&](int step, int slot) {
    if (thread >= depth) return;
    const int k = step * depth + thread;
    Tap tap = {0, 2 * outside, 2 * outside, 0};
    int weightRow = -1;
    if (k < inner) {
      const int channel = k / tapCount, rest = k - channel * tapCount, row = rest / across.count;
      const int i = down.first + row * down.step, j = across.first + (rest - row * across.count) * across.step;
      tap.down = reachOf(g, i, phaseDown, (int)g.phasesHeight, (int)g.paddingHeight, (int)g.dilationHeight);
      tap.right = reachOf(g, j, phaseRight, (int)g.phasesWidth, (int)g.paddingWidth, (int)g.dilationWidth);
      tap.offset = channel * planeSize + tap.down * (int)g.sourceWidth + tap.right;
      weightRow = (channel * (int)g.kernelHeight + i) * (int)g.kernelWidth + j;
    }
    taps[slot][thread] = tap;
    weightRows[slot][thread] = weightRow;
  };

  // Every thread gathers for one place.
  const int column = thread % columns, firstRow = thread / columns;
  const Int ownPlace = firstPlace + column;
  int top = outside, side = outside;
  const T *window = source;
  if (ownPlace < allPlaces) {
    const Int image = quotient(ownPlace, places);
    const int place = (int)(ownPlace - image * places), placeDown = place / placesRight;
    top = placeDown * (int)g.stepHeight;
    side = (place - placeDown * placesRight) * (int)g.stepWidth;
    window += (image * g.groups + group) * g.sourceChannels * planeSize + (Int)top * g.sourceWidth + side;
  }
  const T *groupWeights =
      weights + (Int)group * g.sourceChannels * g.kernelHeight * g.kernelWidth * g.weightChannels + firstChannel;

  Four leftNext[packsEach];
  T rightNext[fetched];
  const auto fetch = [&](int slot) {
#pragma unroll
    for (int p = 0; p < packsEach; p++) {
      const int pack = thread + p * threads, k = pack / (rows / 4), m = pack % (rows / 4) * 4;
      leftNext[p] = Four{};
      if (pack < packs && weightRows[slot][k] >= 0 && firstChannel + m < (int)g.weightChannels)
        leftNext[p] = *(const Four *)(groupWeights + (Int)weightRows[slot][k] * g.weightChannels + m);
    }
#pragma unroll
    for (int r = 0; r < fetched; r++) {
      const Tap tap = taps[slot][firstRow + r * (threads / columns)];
      const bool isInside = (unsigned)(top + tap.down) < (unsigned)g.sourceHeight &&
                            (unsigned)(side + tap.right) < (unsigned)g.sourceWidth;
      rightNext[r] = isInside ? window[tap.offset] : T(0);
    }
  };
  const auto store = [&](int slot) {
#pragma unroll
    for (int p = 0; p < packsEach; p++) {
      const int pack = thread + p * threads;
      if (pack < packs) *(Four *)&left[slot][pack / (rows / 4)][pack % (rows / 4) * 4] = Tile::rounded(leftNext[p]);
    }
#pragma unroll
    for (int r = 0; r < fetched; r++)
      right[slot][firstRow + r * (threads / columns)][column] = Tile::rounded(rightNext[r]);
  };

  Tile tile(thread);
  const int steps = (inner + depth - 1) / depth;
  findTaps(0, 0);
  __syncthreads();
  fetch(0);
  store(0);
  findTaps(1, 1);
  __syncthreads();
  for (int step = 0; step < steps; step++) {
    const int slot = step & 1;
    if (step + 1 < steps) fetch(1 - slot);
    tile.multiply(left[slot], right[slot]);
    if (step + 1 < steps) {
      store(1 - slot);
      findTaps(step + 2, slot);
    }
    __syncthreads();
  }

  const Int channelSize = g.height * g.width;
  const bool isWhole = phases == 1 && places % Tile::run == 0 && isAligned(result);
#pragma unroll
  for (int c = 0; c < Tile::tileColumns; c += Tile::run) {
    const Int firstOfRun = firstPlace + tile.column(c);
#pragma unroll
    for (int e = 0; e < Tile::run; e++) {
      const Int place = firstOfRun + e;
      if (place >= allPlaces || (isWhole && e > 0)) continue;
      const Int image = quotient(place, places);
      const int inImage = (int)(place - image * places), placeDown = inImage / placesRight;
      const int y = phaseDown + placeDown * (int)g.phasesHeight;
      const int x = phaseRight + (inImage - placeDown * placesRight) * (int)g.phasesWidth;
      T *out = result + (image * g.groups + group) * g.channels * channelSize + (Int)y * g.width + x;
#pragma unroll
      for (int r = 0; r < Tile::tileRows; r++) {
        const int channel = firstChannel + tile.row(r);
        if (channel >= (int)g.channels) continue;
        const T shift = bias ? bias[group * g.channels + channel] : T(0);
        T *to = out + channel * channelSize;
        if (isWhole) {
          Pack<T, Tile::run> values;
#pragma unroll
          for (int k = 0; k < Tile::run; k++) values.at[k] = tile.sums[r][c + k] + shift;
          *(Pack<T, Tile::run> *)to = values;
        } else {
          *to = tile.sums[r][c + e] + shift;
        }
      }
    }
  }
}

// The gradient of a weight: products of the output's gradient with what each element under the kernel has seen.
struct Correlation {
  Int images, groups, channels, height, width, filters, outputHeight, outputWidth;
  Int kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight, paddingWidth, dilationHeight, dilationWidth;
};

// parts[split, g, m, (c, i, j)] = sum over some places of gradient[n, g, m, place] · x[n, g, c, place under (i, j)].
// Blocks are laid out as (splits · groups · tiles of taps, tiles of filters); each split has `chunk` places.
template <class Tile, class T>
DEVICE void correlationProduct(const Correlation &s, Int chunk, const T *RESTRICT gradient, const T *RESTRICT x,
                               T *RESTRICT parts) {
  constexpr int rows = Tile::rows, columns = Tile::columns, depth = Tile::depth, threads = Tile::threads;
  constexpr int lanes = threads / depth, rowsEach = rows / lanes, columnsEach = columns / lanes;
  alignas(16) __shared__ T left[2][depth][rows + Tile::padding];
  alignas(16) __shared__ T right[2][depth][columns + Tile::padding];
  __shared__ Tap taps[columns];

  const int kernelSize = (int)(s.kernelHeight * s.kernelWidth), inner = (int)s.channels * kernelSize;
  const int tiles = (inner + columns - 1) / columns, part = blockIdx.x / tiles;
  const int thread = threadIdx.x, group = part % (int)s.groups, split = part / (int)s.groups;
  const int planeSize = (int)(s.height * s.width), places = (int)(s.outputHeight * s.outputWidth);
  const int firstFilter = blockIdx.y * rows, firstTap = blockIdx.x % tiles * columns;
  const Int first = split * chunk, all = s.images * places, end = first + chunk < all ? first + chunk : all;

  for (int c = thread; c < columns; c += threads) {
    Tap tap = {0, 2 * outside, 2 * outside, 0};
    if (firstTap + c < inner) {
      const int channel = (firstTap + c) / kernelSize, rest = firstTap + c - channel * kernelSize;
      const int i = rest / (int)s.kernelWidth, j = rest - i * (int)s.kernelWidth;
      tap.down = i * (int)s.dilationHeight - (int)s.paddingHeight;
      tap.right = j * (int)s.dilationWidth - (int)s.paddingWidth;
      tap.offset = channel * planeSize + tap.down * (int)s.width + tap.right;
    }
    taps[c] = tap;
  }
  __syncthreads();

  // Every thread fetches for one place of a step, so that neighbours in memory go to neighbouring threads.
  const int k = thread % depth, lane = thread / depth;
  T leftNext[rowsEach], rightNext[columnsEach];
  const auto fetch = [&](Int start) {
    const Int place = start + k;
    const bool isPlace = place < end;
    const Int image = isPlace ? quotient(place, places) : 0;
    const int inImage = isPlace ? (int)(place - image * places) : 0, row = inImage / (int)s.outputWidth;
    const T *slopes = gradient + (image * s.groups + group) * s.filters * places + inImage;
#pragma unroll
    for (int r = 0; r < rowsEach; r++) {
      const int filter = firstFilter + lane + r * lanes;
      leftNext[r] = isPlace && filter < (int)s.filters ? slopes[(Int)filter * places] : T(0);
    }
    const int top = isPlace ? row * (int)s.strideHeight : outside;
    const int side = (inImage - row * (int)s.outputWidth) * (int)s.strideWidth;
    const T *window = x + (image * s.groups + group) * s.channels * planeSize + (Int)top * s.width + side;
#pragma unroll
    for (int c = 0; c < columnsEach; c++) {
      const Tap tap = taps[lane + c * lanes];
      const bool isInside =
          (unsigned)(top + tap.down) < (unsigned)s.height && (unsigned)(side + tap.right) < (unsigned)s.width;
      rightNext[c] = isInside ? window[tap.offset] : T(0);
    }
  };
  const auto store = [&](int slot) {
#pragma unroll
    for (int r = 0; r < rowsEach; r++) left[slot][k][lane + r * lanes] = Tile::rounded(leftNext[r]);
#pragma unroll
    for (int c = 0; c < columnsEach; c++) right[slot][k][lane + c * lanes] = Tile::rounded(rightNext[c]);
  };

  Tile tile(thread);
  fetch(first);
  store(0);
  __syncthreads();
  int slot = 0;
  for (Int start = first; start < end; start += depth, slot = 1 - slot) {
    const bool hasNext = start + depth < end;
    if (hasNext) fetch(start + depth);
    tile.multiply(left[slot], right[slot]);
    if (hasNext) store(1 - slot);
    __syncthreads();
  }

  T *out = parts + ((Int)split * s.groups + group) * s.filters * inner;
#pragma unroll
  for (int r = 0; r < Tile::tileRows; r++)
#pragma unroll
    for (int c = 0; c < Tile::tileColumns; c++) {
      const int filter = firstFilter + tile.row(r), tap = firstTap + tile.column(c);
      if (filter < (int)s.filters && tap < inner) out[(Int)filter * inner + tap] = tile.sums[r][c];
    }
}

#endif
