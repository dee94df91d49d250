#include "elementwise.h"

// What images are combined by between convolutions: functions that need no more digits.
UNARY_KERNEL(negate_bf16, BFloat16, -x)
ACTIVATIONS(_bf16, BFloat16)
ARITHMETIC(BINARY_KERNEL, _bf16, BFloat16)
ARITHMETIC(BROADCAST_KERNEL, _broadcast_bf16, BFloat16)
