// A pointer that every thread has for itself: read without a call, which Swift has no means for.
#ifndef DISTTRAIN_THREAD_H
#define DISTTRAIN_THREAD_H

extern _Thread_local void *dt_thread_variable;

static inline void *dt_thread_pointer(void) { return dt_thread_variable; }
static inline void dt_set_thread_pointer(void *pointer) { dt_thread_variable = pointer; }

#endif
