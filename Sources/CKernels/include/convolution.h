// Convolution without matrices of columns. An output place of a filter is the sum over "taps", the elements under the
// kernel in all channels, of tap times weight; it is computed for many places and filters at once, in registers.
//
// Images are padded copies, channel by channel. Results and gradients have their channels last: for each place, a
// row of the filters, padded to a multiple of `lanes`. A tap is given by the offset of its element from that under
// the kernel's first one.
#ifndef DISTTRAIN_CONVOLUTION_H
#define DISTTRAIN_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

#include "winograd.h"

// The places of a part of an image, and what is summed for each of them.
typedef struct {
  size_t taps;
  size_t filters;        // a multiple of `lanes`
  size_t rows, columns;  // of places
  size_t row_step;       // elements of a padded channel from a row of places to the next
} dt_correlation;

// How images are copied into zeros. The columns of a row are dealt out to `column_stride` equal parts, so that a
// kernel that moves by that many columns meets neighbours.
typedef struct {
  size_t channels, height, width;
  ptrdiff_t top, left;  // rows and columns of zeros before the image's first; negative to leave out some of its own
  size_t padded_height, padded_width;
  size_t column_stride;  // divides padded_width
} dt_padding;

// Filters as they lie in a weight: element t of channel c of filter f at f * filter_step + c * channel_step + tap[t].
typedef struct {
  size_t filters, channels, taps;
  size_t padded_filters;
  size_t filter_step, channel_step;
} dt_filters;

// Where channels that were last go: element (row, column) of plane p to
// p * plane + row * row_step + column * column_step.
typedef struct {
  size_t planes, rows, columns;
  size_t filters, from_row_step;  // elements from a place to the next, and from a row of places to the next
  size_t plane, row_step, column_step;
} dt_places;

// The same sums for few filters, with vectors along the places: every filter has a plane of results by itself. Vectors
// go beyond the last place of a row: what is there counts for nothing in results, but must be numbers and must have a
// gradient of 0.
typedef struct {
  size_t groups;            // each with its own channels and filters
  size_t taps, filters;     // of a group
  size_t rows, columns;     // of places; rows that follow each other without a gap can be taken as one
  size_t row_step;          // elements of a padded channel from a row of places to the next
  size_t group_step;        // elements of the padded image from a group to the next
  size_t result_row, result_plane;  // elements of results from a row of places to the next, and a filter to the next
} dt_planes;

// Where results go, or gradients come from: element (row, column) of plane p to or from
// p * plane + row * row_step + column * column_step.
typedef struct {
  size_t rows, columns;
  size_t plane, row_step, column_step;
} dt_stored_planes;

// The same sums for `lanes` channels that have one filter each: images, weights, results and gradients have a vector of
// the channels' elements for each place or tap. Steps are in elements.
typedef struct {
  size_t taps;
  size_t rows, columns;          // of places
  size_t row_step, column_step;  // from the image's element of a place to that of the next
  size_t out_row_step, out_column_step;
} dt_lanes;

// A pooled gradient and the padded image, channels last, in which its windows lie.
typedef struct {
  size_t filters, padded_filters;
  size_t rows, columns;          // of windows
  size_t row_step, column_step;  // elements between the image's places that belong to neighbouring output places
} dt_pooled;

// What is under the kernel: `taps` runs of `padded_channels` elements.
typedef struct {
  size_t filters, taps, padded_channels;
} dt_entries;

// Pointers without a type are to elements of the type for which the kernels were asked.
typedef struct {
  size_t lanes;
  void (*pad_image)(const dt_padding *s, const void *image, void *out);
  // Blocks of 2 * lanes filters, or lanes in the last one; in each, a row of the block's filters for every tap.
  void (*pack_filters)(const dt_filters *s, const size_t *taps, const void *weight, void *out);
  // out[place, f] = bias[f] + sum over taps
  void (*correlate)(const dt_correlation *s, const size_t *taps, const void *image, const void *filters,
                    const void *bias, void *out);
  // out[tap, f] += sum over places of tap times gradient[place, f]
  void (*correlate_gradient)(const dt_correlation *s, const size_t *taps, const void *image, const void *gradient,
                             void *out);
  // out[g, f, place] = bias[g, f] + sum over taps of tap times weights[g, f, tap]; no bias if NULL
  void (*correlate_planes)(const dt_planes *s, const size_t *taps, const void *image, const void *weights,
                           const void *bias, void *out);
  // out[g, f, tap] += sum over places of tap times gradient[g, f, place], in `lanes` parts to be added up
  void (*correlate_planes_gradient)(const dt_planes *s, const size_t *taps, const void *image, const void *gradient,
                                    void *out);
  // Gradients to the places of results, with zeros between them.
  void (*spread_planes)(const dt_planes *s, const void *gradient, const dt_stored_planes *from, void *out);
  void (*store_planes)(const dt_planes *s, const void *x, const dt_stored_planes *to, void *out);
  // out[position, p] = x[offsets[p] + position], and zeros for planes up to `filters`
  void (*channels_last)(size_t planes, const size_t *offsets, size_t positions, const void *x, size_t filters,
                        void *out);
  void (*channels_first)(const dt_places *s, const void *x, void *out);
  // out[row, column, c] = image[c, row - top, column - left], and zeros for channels up to `lanes`; only places that the
  // image has are written, and columns have no parts
  void (*pad_lanes)(const dt_padding *s, const void *image, void *out);
  // out[place, c] = bias[c] + sum over taps of tap times weights[tap, c]
  void (*correlate_lanes)(const dt_lanes *s, const size_t *taps, const void *image, const void *weights,
                          const void *bias, void *out);
  // out[tap, c] += sum over places of tap times gradient[place, c]
  void (*correlate_lanes_gradient)(const dt_lanes *s, const size_t *taps, const void *image, const void *gradient,
                                   void *out);
  // Maximum pooling of 2 by 2 places with a stride of 2, then ReLU; `places` tells which of the four elements (the
  // first of equal ones, or the first NaN) has the gradient, or with a value of 4 that none has.
  void (*pool_positive)(size_t rows, size_t columns, size_t filters, const void *x, void *y, uint8_t *places);
  // The elements of a pooled gradient [filters, rows, columns] that reach the image: those of filter f are
  // starts[f] ..< starts[f + 1], each with its offset in the image. Their sum is added to sums[f], if that is not
  // NULL. There must be room for one entry more than there are windows.
  void (*list_entries)(const dt_pooled *s, const void *gradient, const uint8_t *places, size_t *starts,
                       size_t *offsets, void *values, double *sums);
  // out[f, tap, c] += sum over entries of value times image[offset + taps[tap] + c]
  void (*entries_weight_gradient)(const dt_entries *s, const size_t *taps, const size_t *starts,
                                  const size_t *offsets, const void *values, const void *image, void *out);
  // image[offset + taps[tap] + c] += value times weights[f, tap, c], for all entries
  void (*entries_input_gradient)(const dt_entries *s, const size_t *taps, const size_t *starts, const size_t *offsets,
                                 const void *values, const void *weights, void *image);
  const dt_winograd_kernels *winograd;
} dt_convolution_kernels;

// The kernels for the CPU that this runs on, with vectors of at most `longest` bytes (but always of at least 16).
const dt_convolution_kernels *dt_convolution_kernels_f32(size_t longest);
const dt_convolution_kernels *dt_convolution_kernels_f64(size_t longest);

#endif
