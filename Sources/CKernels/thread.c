#include "thread.h"

_Thread_local void *dt_thread_variable;
