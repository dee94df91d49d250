#include "elementwise.h"

REAL_KERNELS(_f64, double)
