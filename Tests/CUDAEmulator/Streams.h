#ifndef CUDA_EMULATOR_STREAMS_H
#define CUDA_EMULATOR_STREAMS_H

#include <functional>

#include "Interface.h"

namespace emulator {

/// Whether other work may be done meanwhile.
enum class Turn {
  /// One piece of work at a time, as threads of a block take turns with variables that all share.
  exclusive,
  /// It waits for other ranks, which may be threads of this process.
  shared
};

/// Does some work of a stream after what it was given before or, where a graph is being captured, whenever that is launched.
void submit(dt_stream stream, const char *name, std::function<void()> work, Turn turn = Turn::exclusive);

/// Returns once a stream has done everything.
void finish(dt_stream stream);

/// Returns once all streams of a GPU have done everything.
void finishAll(dt_context context);

/// That of the GPU that this thread's calls are for.
dt_context currentContext();

/// Whether what is given to a stream becomes part of a graph.
bool isCaptured(dt_stream stream);

/// Whether a call is to fail, because the environment names it in EMULATED_CUDA_FAILURE.
bool isToFail(const char *call);

}  // namespace emulator

#endif
