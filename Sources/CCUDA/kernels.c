#include "CCUDA.h"

// `#embed` is part of C since C23, and of clang in every language version.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char convolution_h[] = {
#embed "../Autograd/Backends/CUDA/Kernels/convolution.h" suffix(, 0)
};
static const char elementwise_h[] = {
#embed "../Autograd/Backends/CUDA/Kernels/elementwise.h" suffix(, 0)
};
static const char kernel_h[] = {
#embed "../Autograd/Backends/CUDA/Kernels/kernel.h" suffix(, 0)
};
static const char moments_h[] = {
#embed "../Autograd/Backends/CUDA/Kernels/moments.h" suffix(, 0)
};
static const char multiply_h[] = {
#embed "../Autograd/Backends/CUDA/Kernels/multiply.h" suffix(, 0)
};
static const char reduce_h[] = {
#embed "../Autograd/Backends/CUDA/Kernels/reduce.h" suffix(, 0)
};
static const char softmax_h[] = {
#embed "../Autograd/Backends/CUDA/Kernels/softmax.h" suffix(, 0)
};
static const char special_functions_h[] = {
#embed "../CKernels/special_functions.h" suffix(, 0)
};
static const char attention_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/attention.cu" suffix(, 0)
};
static const char convolution_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/convolution.cu" suffix(, 0)
};
static const char copies_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/copies.cu" suffix(, 0)
};
static const char dropout_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/dropout.cu" suffix(, 0)
};
static const char elementwise_bf16_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/elementwise_bf16.cu" suffix(, 0)
};
static const char elementwise_f32_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/elementwise_f32.cu" suffix(, 0)
};
static const char elementwise_f64_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/elementwise_f64.cu" suffix(, 0)
};
static const char elementwise_i64_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/elementwise_i64.cu" suffix(, 0)
};
static const char indexing_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/indexing.cu" suffix(, 0)
};
static const char linear_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/linear.cu" suffix(, 0)
};
static const char losses_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/losses.cu" suffix(, 0)
};
static const char moments_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/moments.cu" suffix(, 0)
};
static const char normalization_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/normalization.cu" suffix(, 0)
};
static const char optimizers_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/optimizers.cu" suffix(, 0)
};
static const char ordering_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/ordering.cu" suffix(, 0)
};
static const char pooling_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/pooling.cu" suffix(, 0)
};
static const char products_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/products.cu" suffix(, 0)
};
static const char recurrent_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/recurrent.cu" suffix(, 0)
};
static const char reductions_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/reductions.cu" suffix(, 0)
};
static const char row_normalization_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/row_normalization.cu" suffix(, 0)
};
static const char softmax_cu[] = {
#embed "../Autograd/Backends/CUDA/Kernels/softmax.cu" suffix(, 0)
};

const dt_kernel_source *dt_kernel_sources(void) {
  static const dt_kernel_source sources[] = {
    {"convolution.h", convolution_h},
    {"elementwise.h", elementwise_h},
    {"kernel.h", kernel_h},
    {"moments.h", moments_h},
    {"multiply.h", multiply_h},
    {"reduce.h", reduce_h},
    {"softmax.h", softmax_h},
    // By the name by which elementwise.h includes it.
    {"../../../../CKernels/special_functions.h", special_functions_h},
    {"attention.cu", attention_cu},
    {"convolution.cu", convolution_cu},
    {"copies.cu", copies_cu},
    {"dropout.cu", dropout_cu},
    {"elementwise_bf16.cu", elementwise_bf16_cu},
    {"elementwise_f32.cu", elementwise_f32_cu},
    {"elementwise_f64.cu", elementwise_f64_cu},
    {"elementwise_i64.cu", elementwise_i64_cu},
    {"indexing.cu", indexing_cu},
    {"linear.cu", linear_cu},
    {"losses.cu", losses_cu},
    {"moments.cu", moments_cu},
    {"normalization.cu", normalization_cu},
    {"optimizers.cu", optimizers_cu},
    {"ordering.cu", ordering_cu},
    {"pooling.cu", pooling_cu},
    {"products.cu", products_cu},
    {"recurrent.cu", recurrent_cu},
    {"reductions.cu", reductions_cu},
    {"row_normalization.cu", row_normalization_cu},
    {"softmax.cu", softmax_cu},
    {NULL, NULL},
  };
  return sources;
}
