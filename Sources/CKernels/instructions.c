#include "CKernels.h"

const char *dt_instructions(void) {
#if defined(__x86_64__) && defined(__linux__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return "AVX-512 (x86-64-v4)";
  if (__builtin_cpu_supports("x86-64-v3")) return "AVX2 (x86-64-v3)";
  return "SSE2 (x86-64)";
#elif defined(__x86_64__)
  return "SSE2 (x86-64)";
#elif defined(__aarch64__)
  return "NEON (arm64)";
#else
  return "this processor's baseline";
#endif
}

bool dt_is_intel(void) {
#if defined(__x86_64__) && defined(__linux__)
  __builtin_cpu_init();
  return __builtin_cpu_is("intel");
#else
  return false;
#endif
}
