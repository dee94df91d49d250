#include "elementwise.h"

// Functions of what layers leave in bfloat16, where the results need no more digits.
UNARY_KERNEL(negate_bf16, BFloat16, -x)
BINARY_KERNEL(leakyReLU_bf16, BFloat16, a > 0 ? a : a * b)
ACTIVATIONS(_bf16, BFloat16)
ARITHMETIC(BINARY_KERNEL, _bf16, BFloat16)
ARITHMETIC(BROADCAST_KERNEL, _broadcast_bf16, BFloat16)
