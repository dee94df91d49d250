#include "elementwise.h"

REAL_KERNELS(_f32, float)
