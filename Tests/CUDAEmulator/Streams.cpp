// Streams, events and graphs. What a real driver refuses while a graph is captured is refused: waiting for what is not
// captured, asking for what is, and streams that the graph's own does not wait for at the end. With EMULATED_CUDA_GRAPHS
// in the environment, what a graph consists of is printed when it has been captured.
#include "Streams.h"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "Blocks.h"
#include "Queue.h"

namespace {

enum Status {
  success = 0,
  invalidValue = 1,
  invalidHandle = 400,
  notReady = 600,
  captureUnsupported = 900,
  captureUnmatched = 903,
  captureUnjoined = 904,
  captureIsolation = 905
};

struct Work {
  const char *name;
  dt_context context;
  std::function<void()> run;
  emulator::Turn turn;
};
using Graph = std::vector<Work>;

/// How much work of each stream comes before a point.
using Clock = std::map<dt_stream, int>;

struct Capture {
  dt_stream origin;
  /// The streams that are captured, with what comes before their next work.
  std::map<dt_stream, Clock> streams;
  Graph graph;
};

/// The graph that this thread captures. A real driver captures what all threads start on a stream, and the backend has one
/// stream for all of them; a program's one thread computes, so that for it both are the same. Tests run in parallel here
/// (on a real GPU one after another, see launch/gpu-check), and those in other threads are not to get into this graph.
thread_local std::shared_ptr<Capture> current;

std::mutex turn;

void perform(const Work &work) {
  cuCtxSetCurrent(work.context);
  emulator::nameOfWork = work.name;
  if (work.turn == emulator::Turn::shared) return work.run();
  std::lock_guard<std::mutex> lock(turn);
  work.run();
}

void advance(Clock &clock, const Clock &other) {
  for (const auto &[stream, count] : other) clock[stream] = std::max(clock[stream], count);
}

}  // namespace

struct dt_cuda_stream {
  std::shared_ptr<Queue> queue = Queue::make();
  dt_context context = emulator::currentContext();

  ~dt_cuda_stream() { queue->close(); }
};

namespace {

/// The streams of each GPU, by its context.
struct Streams {
  std::mutex lock;
  std::multimap<dt_context, std::weak_ptr<Queue>> queues;
};

// Streams may be at work when a process ends.
Streams &streams = *new Streams;

}  // namespace

struct dt_cuda_event {
  dt_context context = emulator::currentContext();
  /// The point of a stream, where it is no part of a graph.
  std::shared_ptr<Queue> queue;
  long position = 0;
  /// Where the point is part of a graph, that and what comes before.
  std::weak_ptr<Capture> capture;
  bool wasCaptured = false;
  Clock before;

  bool belongsTo(const std::shared_ptr<Capture> &other) const { return wasCaptured && other && capture.lock() == other; }
};

bool emulator::isCaptured(dt_stream stream) { return current && current->streams.count(stream) > 0; }

void emulator::submit(dt_stream stream, const char *name, std::function<void()> run, Turn turn) {
  if (stream->context != currentContext()) fail("%s: it is for another GPU than its stream's", name);
  Work work{name, stream->context, std::move(run), turn};
  if (!isCaptured(stream)) {
    stream->queue->add([work = std::move(work)] { perform(work); });
    return;
  }
  current->streams[stream][stream]++;
  current->graph.push_back(std::move(work));
}

void emulator::finish(dt_stream stream) { stream->queue->wait(stream->queue->end()); }

void emulator::finishAll(dt_context context) {
  std::vector<std::shared_ptr<Queue>> queues;
  {
    std::lock_guard<std::mutex> guard(streams.lock);
    const auto [first, last] = streams.queues.equal_range(context);
    for (auto stream = first; stream != last; ++stream)
      if (auto queue = stream->second.lock()) queues.push_back(queue);
  }
  for (const auto &queue : queues) queue->wait(queue->end());
}

bool emulator::isToFail(const char *call) {
  const char *failing = getenv("EMULATED_CUDA_FAILURE");
  return failing && strcmp(failing, call) == 0;
}

extern "C" {

int cuStreamCreate(dt_stream *stream, unsigned) {
  *stream = new dt_cuda_stream;
  std::lock_guard<std::mutex> guard(streams.lock);
  streams.queues.emplace(emulator::currentContext(), (*stream)->queue);
  return success;
}

int cuStreamDestroy_v2(dt_stream stream) {
  delete stream;
  return success;
}

int cuStreamIsCapturing(dt_stream stream, int *status) {
  *status = emulator::isCaptured(stream);
  return success;
}

int cuStreamSynchronize(dt_stream stream) {
  if (emulator::isCaptured(stream)) return captureUnsupported;
  emulator::finish(stream);
  return success;
}

int cuStreamWaitEvent(dt_stream stream, dt_event event, unsigned) {
  if (event->belongsTo(current)) {
    advance(current->streams[stream], event->before);
  } else if (emulator::isCaptured(stream)) {
    return captureIsolation;
  } else if (event->queue && event->queue != stream->queue) {
    stream->queue->add([queue = event->queue, position = event->position] { queue->wait(position); });
  }
  return success;
}

int cuEventCreate(dt_event *event, unsigned) {
  *event = new dt_cuda_event;
  return success;
}

int cuEventDestroy_v2(dt_event event) {
  delete event;
  return success;
}

int cuEventRecord(dt_event event, dt_stream stream) {
  if (event->context != stream->context) return invalidHandle;
  event->wasCaptured = emulator::isCaptured(stream);
  if (event->wasCaptured) {
    event->capture = current;
    event->before = current->streams[stream];
  } else {
    event->queue = stream->queue;
    event->position = stream->queue->end();
  }
  return success;
}

int cuEventSynchronize(dt_event event) {
  if (event->wasCaptured) return captureUnsupported;
  if (event->queue) event->queue->wait(event->position);
  return success;
}

int cuEventQuery(dt_event event) {
  if (event->wasCaptured) return captureUnsupported;
  if (!event->queue || event->queue->isDone(event->position)) return success;
  sched_yield();
  return notReady;
}

int cuStreamBeginCapture_v2(dt_stream stream, int mode) {
  // In the other modes memory may not be asked for, nor another stream be waited for, before the end.
  constexpr int relaxed = 2;
  if (current || mode != relaxed) return invalidValue;
  current = std::make_shared<Capture>(Capture{stream, {{stream, {}}}, {}});
  return success;
}

int cuStreamEndCapture(dt_stream stream, dt_graph *graph) {
  if (!current) return invalidValue;
  const std::shared_ptr<Capture> capture = std::move(current);
  current = nullptr;
  if (capture->origin != stream) return captureUnmatched;
  Clock &end = capture->streams[stream];
  for (auto &[other, clock] : capture->streams)
    if (end[other] < clock[other]) return captureUnjoined;
  if (getenv("EMULATED_CUDA_GRAPHS")) {
    std::string line = "recorded:";
    for (const Work &work : capture->graph) line += std::string(" ") + work.name;
    // In one piece, for ranks write to the same place.
    fputs((line + "\n").c_str(), stderr);
  }
  *graph = reinterpret_cast<dt_graph>(new Graph(std::move(capture->graph)));
  return success;
}

int cuGraphInstantiateWithFlags(dt_executable_graph *executable, dt_graph graph, unsigned long long) {
  *executable = reinterpret_cast<dt_executable_graph>(new Graph(*reinterpret_cast<Graph *>(graph)));
  return success;
}

int cuGraphLaunch(dt_executable_graph executable, dt_stream stream) {
  if (emulator::isCaptured(stream)) return captureUnsupported;
  if (stream->context != emulator::currentContext()) return invalidHandle;
  for (const Work &work : *reinterpret_cast<Graph *>(executable)) stream->queue->add([work] { perform(work); });
  return success;
}

int cuGraphDestroy(dt_graph graph) {
  delete reinterpret_cast<Graph *>(graph);
  return success;
}

int cuGraphExecDestroy(dt_executable_graph executable) {
  delete reinterpret_cast<Graph *>(executable);
  return success;
}

}  // extern "C"
