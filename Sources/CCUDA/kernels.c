#include "CCUDA.h"

// `#embed` is part of C since C23, and of clang in every language version.
#pragma clang diagnostic ignored "-Wc23-extensions"

// The files end with a zero here.

const dt_kernel_source *dt_kernel_sources(void) {
  static const dt_kernel_source sources[] = {{NULL, NULL}};
  return sources;
}
