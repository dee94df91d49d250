// How the C library sets memory aside.
#ifndef DISTTRAIN_FREED_MEMORY_H
#define DISTTRAIN_FREED_MEMORY_H

// Freed memory is kept for what is asked for next, up to 64 MiB: what glibc comes to by itself once a block of 32 MiB was
// freed. Given back to the system, each of its pages would cost a fault when it is used again.
void dt_keep_freed_memory(void);

#endif
