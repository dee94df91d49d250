// One build for every CPU: on x86-64 each marked function is compiled three times and chosen when first called.
#ifndef DISTTRAIN_CLONES_H
#define DISTTRAIN_CLONES_H

#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#endif
