#include "CKernels.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#endif

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

// AMD's families: 0x19 is Zen 3 and 4, 0x1a Zen 5. (AMD, "Processor Programming Reference", CPUID function 1; a family
// of 0xf is extended by the bits from 20 on.)
bool dt_is_zen4(void) {
#if defined(__x86_64__) && defined(__linux__)
  unsigned eax, ebx, ecx, edx;
  __builtin_cpu_init();
  if (!__builtin_cpu_is("amd") || !__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return false;
  return (eax >> 8 & 0xf) + (eax >> 20 & 0xff) == 0x19 && __builtin_cpu_supports("x86-64-v4");
#else
  return false;
#endif
}
