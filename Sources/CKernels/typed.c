// The kernels of typed.inc and normalization.inc, once for each floating-point type.
#include <math.h>
#include <string.h>

#include "CKernels.h"
#include "clones.h"
#include "exponential.h"

#define REAL float
#define NAMED(name) JOIN(name, _f32)
#define EXP exp_f32
#define LOG logf
#include "typed.inc"
#include "normalization.inc"
#undef REAL
#undef NAMED
#undef EXP
#undef LOG

#define REAL double
#define NAMED(name) JOIN(name, _f64)
#define EXP exp
#define LOG log
#include "typed.inc"
#include "normalization.inc"
