#define _GNU_SOURCE
#include <string.h>

#include "CSharedMemory.h"

#ifdef __linux__
#include <sched.h>

_Static_assert(sizeof(cpu_set_t) == CSM_PROCESSOR_WORDS * sizeof(uint64_t), "a set of processors fits exactly");

void csm_allowed_processors(uint64_t words[CSM_PROCESSOR_WORDS]) {
  if (sched_getaffinity(0, sizeof(cpu_set_t), (cpu_set_t *)words) != 0) {
    memset(words, 0, CSM_PROCESSOR_WORDS * sizeof(uint64_t));
  }
}
#else
void csm_allowed_processors(uint64_t words[CSM_PROCESSOR_WORDS]) {
  memset(words, 0, CSM_PROCESSOR_WORDS * sizeof(uint64_t));
}
#endif
