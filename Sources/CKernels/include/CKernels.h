// Loops that are compiled for several CPUs and chosen at run time. Every function exists for float (_f32) and
// double (_f64); arrays do not overlap unless said otherwise, except that an output may be one of the inputs.
#ifndef DISTTRAIN_CKERNELS_H
#define DISTTRAIN_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "convolution.h"
#include "distances.h"
#include "freed_memory.h"
#include "grid_sampling.h"
#include "pictures.h"
#include "thread.h"
#include "transposing.h"

// out[i] = f(x[i])
#define DT_DECLARE_UNARY(name)                                  \
  void dt_##name##_f32(size_t n, const float *x, float *out);   \
  void dt_##name##_f64(size_t n, const double *x, double *out);

DT_DECLARE_UNARY(negate)
DT_DECLARE_UNARY(absolute)
DT_DECLARE_UNARY(sign)
DT_DECLARE_UNARY(square)
DT_DECLARE_UNARY(square_root)
DT_DECLARE_UNARY(reciprocal_square_root)
DT_DECLARE_UNARY(reciprocal)
DT_DECLARE_UNARY(zero_if_infinite)
DT_DECLARE_UNARY(round)
DT_DECLARE_UNARY(floor)
DT_DECLARE_UNARY(ceiling)
DT_DECLARE_UNARY(exponential)
DT_DECLARE_UNARY(logarithm)
DT_DECLARE_UNARY(logarithm_of_one_plus)
DT_DECLARE_UNARY(sine)
DT_DECLARE_UNARY(cosine)
DT_DECLARE_UNARY(error_function)
DT_DECLARE_UNARY(inverse_error_function)
DT_DECLARE_UNARY(log_gamma)
DT_DECLARE_UNARY(digamma)
DT_DECLARE_UNARY(exponential_minus_one)
DT_DECLARE_UNARY(tangent)
DT_DECLARE_UNARY(arc_sine)
DT_DECLARE_UNARY(arc_cosine)
DT_DECLARE_UNARY(arc_tangent)
DT_DECLARE_UNARY(hyperbolic_sine)
DT_DECLARE_UNARY(hyperbolic_cosine)
DT_DECLARE_UNARY(inverse_hyperbolic_sine)
DT_DECLARE_UNARY(inverse_hyperbolic_cosine)
DT_DECLARE_UNARY(inverse_hyperbolic_tangent)
DT_DECLARE_UNARY(tanh)
DT_DECLARE_UNARY(sigmoid)
DT_DECLARE_UNARY(relu)
DT_DECLARE_UNARY(softplus)
DT_DECLARE_UNARY(log_sigmoid)
DT_DECLARE_UNARY(silu)
DT_DECLARE_UNARY(hardswish)
DT_DECLARE_UNARY(gelu)
DT_DECLARE_UNARY(gelu_tanh)

// The smaller of `high` and the larger of an element and `low`; NaNs stay.
void dt_clamp_f32(size_t n, const float *values, float low, float high, float *out);
void dt_clamp_f64(size_t n, const double *values, double low, double high, double *out);

// out[i] = f(a[i * a_step], b[i * b_step]), the steps being 0 or 1.
#define DT_DECLARE_BINARY(name)                                                                                        \
  void dt_##name##_f32(size_t n, const float *a, size_t a_step, const float *b, size_t b_step, float *out);            \
  void dt_##name##_f64(size_t n, const double *a, size_t a_step, const double *b, size_t b_step, double *out);         \
  void dt_##name##_i64(size_t n, const int64_t *a, size_t a_step, const int64_t *b, size_t b_step, int64_t *out);

DT_DECLARE_BINARY(add)
DT_DECLARE_BINARY(subtract)
DT_DECLARE_BINARY(multiply)
DT_DECLARE_BINARY(divide)
DT_DECLARE_BINARY(maximum)
DT_DECLARE_BINARY(minimum)
DT_DECLARE_BINARY(power)
// Comparisons give 1 or 0.
DT_DECLARE_BINARY(equal)
DT_DECLARE_BINARY(less)
DT_DECLARE_BINARY(less_or_equal)

// The sum of (b + k)^-a over k from 0 on.
DT_DECLARE_BINARY(hurwitz_zeta)

// The angle of the point (b, a).
DT_DECLARE_BINARY(direction)

// a where it is positive, else a * b; and the slope of that, 1 or b.
DT_DECLARE_BINARY(leaky_relu)
DT_DECLARE_BINARY(leaky_relu_slope)
// a^2 / 2b where |a| is less than b, else |a| - b / 2.
DT_DECLARE_BINARY(smooth_absolute)
DT_DECLARE_BINARY(elu)
DT_DECLARE_BINARY(elu_slope)

// Gradient of an activation: a is the gradient of its output, b its input, or its output for tanh, sigmoid and relu.
DT_DECLARE_BINARY(tanh_gradient)
DT_DECLARE_BINARY(sigmoid_gradient)
DT_DECLARE_BINARY(relu_gradient)
DT_DECLARE_BINARY(softplus_gradient)
DT_DECLARE_BINARY(silu_gradient)
DT_DECLARE_BINARY(hardswish_gradient)
DT_DECLARE_BINARY(gelu_gradient)
DT_DECLARE_BINARY(gelu_tanh_gradient)

#define DT_DECLARE_TYPED(T, s)                                                                                         \
  /* The opposite of dt_gather: values of shape [outer, picks, inner] are added to out at their indices' places, those \
     for one place in the order of the picks. */                                                                       \
  void dt_scatter_add_##s(size_t outer, size_t size, size_t picks, size_t inner, const T *values,                      \
                          const int64_t *indices, bool is_shared, T *out);                                             \
  /* x has shape [outer, reduced, inner]; the result has shape [outer, inner]. Sums are accumulated in double. */      \
  void dt_sum_##s(size_t outer, size_t reduced, size_t inner, const T *x, T *out);                                     \
  /* The sum of the squares of n elements, accumulated in double. */                                                   \
  double dt_sum_of_squares_##s(size_t n, const T *x);                                                                  \
  /* The gradient of x, [outer, reduced, inner], for that of the products of the elements up to each. */               \
  void dt_cumulative_product_gradient_##s(size_t outer, size_t reduced, size_t inner, const T *gradient, const T *x,   \
                                          const T *products, T *out);                                                  \
  /* The largest value along `reduced` and the place of its first occurrence; NaN counts as largest. */                \
  void dt_maximum_along_##s(size_t outer, size_t reduced, size_t inner, const T *x, T *out, int64_t *place);           \
  /* Cross entropy of `rows` rows of `classes` logits: losses (0 for an ignored target), and the largest logit and     \
     log(sum(exp(logit - largest))) of each. */                                                                        \
  void dt_cross_entropy_##s(size_t rows, size_t classes, const T *logits, const int64_t *targets,                      \
                            int64_t ignored_target, T smoothing, T *losses, T *normalizers);                           \
  /* Its gradient with respect to the logits; row_gradients[i * row_step] is that of loss i. */                        \
  void dt_cross_entropy_gradient_##s(size_t rows, size_t classes, const T *logits, const int64_t *targets,             \
                                     int64_t ignored_target, T smoothing, const T *normalizers,                        \
                                     const T *row_gradients, size_t row_step, T *out);                                 \
  /* Both for the columns of matrices [classes, inner]; of losses and normalizers there are outer * inner. */          \
  void dt_cross_entropy_of_columns_##s(size_t outer, size_t classes, size_t inner, const T *logits,                    \
                                       const int64_t *targets, int64_t ignored_target, T smoothing, T *losses,         \
                                       T *normalizers);                                                                \
  void dt_cross_entropy_gradient_of_columns_##s(size_t outer, size_t classes, size_t inner, const T *logits,           \
                                                const int64_t *targets, int64_t ignored_target, T smoothing,           \
                                                const T *normalizers, const T *gradients, size_t step, T *out);        \
  /* Rows of n elements as probabilities, exp(x) / sum(exp(x)), or the logarithms of them. */                          \
  void dt_softmax_##s(size_t rows, size_t n, const T *x, int is_logarithm, T *y);                                      \
  /* The gradient of that, from the result y. */                                                                       \
  void dt_softmax_gradient_##s(size_t rows, size_t n, const T *gradient, const T *y, int is_logarithm, T *dx);         \
  /* The same for the columns of matrices [n, inner]. */                                                               \
  void dt_softmax_of_columns_##s(size_t outer, size_t n, size_t inner, const T *x, int is_logarithm, T *y);            \
  void dt_softmax_gradient_of_columns_##s(size_t outer, size_t n, size_t inner, const T *gradient, const T *y,         \
                                          int is_logarithm, T *dx);                                                    \
  /* y[r, c] = x[r, c] * factor, and y[c, r] = x[r, c], for rows that lie so many elements apart. */                   \
  void dt_copy_rows_##s(size_t rows, size_t columns, const T *x, size_t x_stride, T factor, T *y, size_t y_stride);    \
  void dt_transpose_rows_##s(size_t rows, size_t columns, const T *x, size_t x_stride, T *y, size_t y_stride);         \
  /* One place of an LSTM: gates i, f, g, o of [rows, 4 * hidden] become what their functions make of them, and the    \
     cell before gives output and next cell. */                                                                        \
  void dt_lstm_cell_##s(size_t rows, size_t hidden, T *gates, const T *cell, T *output, T *next);                      \
  /* The gradient of the gates, and that of the cell before, which is added to, from those of output and next cell. */ \
  void dt_lstm_cell_gradient_##s(size_t rows, size_t hidden, const T *doutput, const T *dnext, const T *gates,         \
                                 const T *cell, const T *next, T *dgates, T *dcell);                                   \
  /* columns[(c, i, j), (y, x)] = image[c, y * stride + i * dilation - padding, …], 0 outside the image. */            \
  void dt_image_to_columns_##s(const dt_window *window, const T *image, T *columns);                                   \
  /* The transposed operation: adds every column element to the image element that it came from. */                    \
  void dt_add_columns_to_image_##s(const dt_window *window, const T *columns, T *image);                               \
  /* Largest value of every window of `planes` planes; padding counts as minus infinity. */                            \
  void dt_maximum_pool_##s(size_t planes, const dt_window *window, const T *x, T *y);                                  \
  /* Adds g to the place in dx from which the value in y came (the first one where several are equal). */              \
  void dt_maximum_pool_scatter_##s(size_t planes, const dt_window *window, const T *g, const T *x, const T *y, T *dx); \
  /* Reads h at the place from which the value in y came. */                                                           \
  void dt_maximum_pool_gather_##s(size_t planes, const dt_window *window, const T *h, const T *x, const T *y, T *out); \
  /* Mean of every window of `planes` planes, zeros of the padding included; and its transpose, from y to x. */        \
  void dt_average_pool_##s(size_t planes, const dt_window *window, const T *x, T *y);                                  \
  void dt_average_pool_spread_##s(size_t planes, const dt_window *window, const T *y, T *x);                           \
  /* Mean and variance (divided by the count) of every group of x. */                                                  \
  void dt_moments_##s(const dt_groups *shape, const T *x, T *mean, T *variance);                                       \
  /* out = (x - mean) / sqrt(variance + epsilon) * weight + bias, all of a group; weight and bias may be NULL. With    \
     `rectifies` out is the ReLU of that, or of that and residual if it is not NULL. */                                \
  void dt_batch_normalize_##s(const dt_groups *shape, const T *x, const T *mean, const T *variance, double epsilon,    \
                              const T *weight, const T *bias, const T *residual, int rectifies, T *out);               \
  /* The gradients of that, mean and variance being the moments of x. What a ReLU lets through follows `by_sign` from  \
     what out was before it, or from its output, with which dresidual is written. */                                   \
  void dt_batch_normalize_gradient_##s(const dt_groups *shape, const T *gradient, const T *x, const T *mean,           \
                                       const T *variance, double epsilon, const T *weight, const T *bias,              \
                                       int by_sign, const T *output, T *dresidual, T *dx, T *dweight, T *dbias);       \
  /* Writes the mean and variance of every row, and (x - mean) / sqrt(variance + epsilon) * weight + bias. */          \
  void dt_row_normalize_##s(const dt_rows *shape, const T *x, double epsilon, const T *weight, const T *bias, T *mean, \
                            T *variance, T *out);                                                                      \
  /* The gradients of that. `sums` are two for each weight, to work with. */                                           \
  void dt_row_normalize_gradient_##s(const dt_rows *shape, const T *gradient, const T *x, const T *mean,               \
                                     const T *variance, double epsilon, const T *weight, double *sums, T *dx,          \
                                     T *dweight, T *dbias);                                                            \
  /* One SGD step (torch.optim.SGD): g = gradient * scale + weight_decay * w; with momentum,                           \
     v = first ? g : momentum * v + (1 - dampening) * g; w -= rate * (nesterov ? g + momentum * v : v). */             \
  void dt_sgd_step_##s(size_t n, const T *gradient, T *weight, T *velocity, const dt_sgd *options);                    \
  /* One step of Adam: w *= shrinkage; g as above; m += (1 - beta1) * (g - m); v = beta2 * v + (1 - beta2) * g * g;    \
     w -= rate * (m + lookahead * (g - m)) / (sqrt(v) / correction + epsilon). */                                      \
  void dt_adam_step_##s(size_t n, const T *gradient, T *weight, T *mean, T *square, const dt_adam *options);           \
  /* One step of RMSprop: g as above; v = smoothing * v + (1 - smoothing) * g * g; b = g / (sqrt(v) + epsilon), added  \
     to momentum * velocity if there is one; w -= rate * b. */                                                         \
  void dt_rmsprop_step_##s(size_t n, const T *gradient, T *weight, T *square, T *velocity, const dt_rmsprop *options); \
  /* One step of Adagrad: g as above; s += g * g; w -= rate * g / (sqrt(s) + epsilon). */                              \
  void dt_adagrad_step_##s(size_t n, const T *gradient, T *weight, T *sum, const dt_adagrad *options);                 \
  /* The gradient of an activation from that of its result, and the sums of its columns, or those added to the sums. */\
  void dt_relu_gradient_sums_##s(size_t rows, size_t columns, const T *gradient, const T *result, T *out,              \
                                 T *column_sums, int adding);                                                          \
  void dt_sigmoid_gradient_sums_##s(size_t rows, size_t columns, const T *gradient, const T *result, T *out,           \
                                    T *column_sums, int adding);                                                       \
  void dt_tanh_gradient_sums_##s(size_t rows, size_t columns, const T *gradient, const T *result, T *out,              \
                                 T *column_sums, int adding);

// A sliding window over the planes of one image.
typedef struct {
  size_t channels, height, width;
  size_t kernel_height, kernel_width;
  size_t stride_height, stride_width;
  size_t padding_height, padding_width;
  size_t dilation_height, dilation_width;
  size_t output_height, output_width;
} dt_window;

// An array of shape [outer, groups, inner], whose elements [:, g, :] belong to group g.
typedef struct {
  size_t outer, groups, inner;
} dt_groups;

// Rows of [channels, inner] elements: the parameters of `groups` rows in turn belong to their channels, one after another.
typedef struct {
  size_t rows, groups, channels, inner;
} dt_rows;

typedef struct {
  double rate, momentum, dampening, weight_decay, gradient_scale;
  int nesterov, first;
} dt_sgd;

typedef struct {
  double rate, lookahead, correction, beta1, beta2, epsilon, weight_decay, shrinkage, gradient_scale;
} dt_adam;

typedef struct {
  double rate, smoothing, epsilon, weight_decay, momentum, gradient_scale;
} dt_rmsprop;

typedef struct {
  double rate, epsilon, weight_decay, gradient_scale;
} dt_adagrad;

// The elements of a result of shape [outer, picks, inner] from x of shape [outer, size, inner] at the indices along the
// middle dimension, which has one index for each element or, shared, one for each pick. Elements of 8, 32 or 64 bits.
#define DT_DECLARE_GATHER(bits)                                                                                        \
  void dt_gather_##bits(size_t outer, size_t size, size_t picks, size_t inner, const void *x, const int64_t *indices,  \
                        bool is_shared, void *out);
DT_DECLARE_GATHER(8)
DT_DECLARE_GATHER(32)
DT_DECLARE_GATHER(64)

// Whether all of n indices are at least 0 and below a limit.
bool dt_are_below(size_t n, const int64_t *indices, int64_t limit);

#define DT_DECLARE_ALONG(T, s)                                                                                         \
  /* x and the result have shape [outer, reduced, inner]; each element is the sum, or the product, of those up to it,  \
     or from it on, accumulated in double. */                                                                          \
  void dt_cumulative_sum_##s(size_t outer, size_t reduced, size_t inner, const T *x, bool is_reversed, T *out);        \
  void dt_cumulative_product_##s(size_t outer, size_t reduced, size_t inner, const T *x, bool is_reversed, T *out);    \
  /* The places of the elements of x, of shape [outer, reduced, inner], in order along the middle dimension, equal     \
     elements as they were and NaN above all. The workspace is for 2 * reduced pairs of numbers as long as T, in which \
     a place must fit. */                                                                                              \
  void dt_sorting_places_##s(size_t outer, size_t reduced, size_t inner, const T *x, bool is_descending,               \
                             void *workspace, int64_t *places);                                                        \
  /* The places of the first `count` of them in descending order, which are at least 1. The workspace is for 2 * room  \
     pairs. There is room for more than `count` of them and no more than `reduced`, or for `reduced`; about twice as   \
     many as `count` is well. */                                                                                       \
  void dt_top_places_##s(size_t outer, size_t reduced, size_t inner, size_t count, size_t room, const T *x,            \
                         void *workspace, int64_t *places);
DT_DECLARE_ALONG(float, f32)
DT_DECLARE_ALONG(double, f64)
DT_DECLARE_ALONG(int64_t, i64)

DT_DECLARE_TYPED(float, f32)
DT_DECLARE_TYPED(double, f64)

// The instructions of the compiled versions of these loops that this processor runs.
const char *dt_instructions(void);
// Whether the processor is one of Intel's.
bool dt_is_intel(void);
// Whether it is a Zen 4 of AMD's, whose vectors of 512 bits pass through units of 256.
bool dt_is_zen4(void);

// The next 624 words of the recurrence of MT19937, in place, and what they are given out as.
void dt_mersenne_twist(uint32_t *words);
void dt_mersenne_temper(const uint32_t *words, uint32_t *tempered);

// out[i] = low + words[i] % range
void dt_remainders(size_t n, const uint32_t *words, uint32_t range, int64_t low, int64_t *out);
// Exchanges each of n elements of `order` with one at or behind it, element i of the `rest` from the first on with
// element i + words[i] % (rest - i).
void dt_shuffle(size_t n, size_t rest, const uint32_t *words, ptrdiff_t *order);

// out[i] = `chosen` where the low 53 bits of words 2 i and 2 i + 1, the first being the high half, are below `below`;
// else 0.
void dt_choose_f32(size_t n, const uint32_t *words, uint64_t below, float chosen, float *out);
void dt_choose_f64(size_t n, const uint32_t *words, uint64_t below, double chosen, double *out);

// The Box-Muller transform, in place, of blocks of 16 samples that are uniform on [0, 1).
void dt_box_muller_f32(size_t blocks, float mean, float deviation, float *values);

// out[i] = (float) x[i]
void dt_convert_u8_to_f32(size_t n, const uint8_t *x, float *out);
// The bytes of some of the rows of `length` bytes at x, each divided by 255.
void dt_gather_fractions_of_255(size_t count, size_t length, const intptr_t *rows, const uint8_t *x, float *out);

// c[m, n] = sum over k of a[m, k] * b[k, n], wrapping around on overflow.
void dt_matrix_product_i64(size_t m, size_t n, size_t k, const int64_t *a, const int64_t *b, int64_t *c);

// Ceilings. Rounds of multiply-adds on vectors of 64 or 32 bytes in registers, from *result on; gives the operations
// that were made.
double dt_multiply_adds(long rounds, int is_wide, float *result);
// The sum of the elements but for the last count % 128, at the speed of memory.
float dt_read_memory(long count, const float *x);
// Changes the sign of the elements, at the speed of memory.
void dt_change_memory(long count, float *x);

#include "product.h"

#endif
