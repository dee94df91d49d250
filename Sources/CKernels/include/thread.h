// What threads need that Swift has no means for.
#ifndef DISTTRAIN_THREAD_H
#define DISTTRAIN_THREAD_H

// A pointer that every thread has for itself: read without a call.
extern _Thread_local void *dt_thread_variable;

static inline void *dt_thread_pointer(void) { return dt_thread_variable; }
static inline void dt_set_thread_pointer(void *pointer) { dt_thread_variable = pointer; }

// Tells the processor that this thread waits for another.
static inline void dt_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
