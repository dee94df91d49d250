// The kernels of the .inc files, once for each floating-point type.
#include <math.h>
#include <string.h>

#include "CKernels.h"
#include "clones.h"
#include "exponential.h"
#include "softmax_lanes.h"

// Columns whose sums stay in the first-level cache.
enum { softmax_width = 256 };

// Places of a grid whose neighbors stay there.
enum { sampled_at_once = 512 };

#define REAL float
#define NAMED(name) JOIN(name, _f32)
#define EXP exp_f32
#define LOG log_f32
#define SQRT sqrt_f32
#define TANH tanh_f32
#define SIGMOID sigmoid_f32
#define FLOOR floorf
#define ROUND rintf
#define SOFTMAX_OF_LANES softmax_of_lanes
#include "sums.inc"
#include "typed.inc"
#include "average_pooling.inc"
#include "normalization.inc"
#include "softmax.inc"
#include "cross_entropy_columns.inc"
#include "rows.inc"
#include "recurrent.inc"
#include "optimizers.inc"
#include "linear.inc"
#include "distances.inc"
#include "grid_sampling.inc"
#undef REAL
#undef NAMED
#undef EXP
#undef LOG
#undef SQRT
#undef TANH
#undef SIGMOID
#undef FLOOR
#undef ROUND
#undef SOFTMAX_OF_LANES

#define REAL double
#define NAMED(name) JOIN(name, _f64)
#define EXP exp
#define LOG log
#define SQRT sqrt_f64
#define TANH tanh
#define SIGMOID(x) (1 / (1 + exp(-(x))))
#define FLOOR floor
#define ROUND rint
#include "sums.inc"
#include "typed.inc"
#include "average_pooling.inc"
#include "normalization.inc"
#include "softmax.inc"
#include "cross_entropy_columns.inc"
#include "rows.inc"
#include "recurrent.inc"
#include "optimizers.inc"
#include "linear.inc"
#include "distances.inc"
#include "grid_sampling.inc"
