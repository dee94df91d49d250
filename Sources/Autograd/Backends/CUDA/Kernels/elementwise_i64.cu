#include "elementwise.h"

ARITHMETIC(BINARY_KERNEL, _i64, Int)
ARITHMETIC(BROADCAST_KERNEL, _broadcast_i64, Int)
POWER(_i64, Int)
