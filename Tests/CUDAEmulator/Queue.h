#ifndef CUDA_EMULATOR_QUEUE_H
#define CUDA_EMULATOR_QUEUE_H

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

/// The work of a stream, done in its order by a thread of its own: what somebody waits for at once, and the rest as late
/// as that whoever forgot to wait sees what was there before.
class Queue {
 public:
  /// A queue with its thread, which ends after the last work once nobody else has the queue.
  static std::shared_ptr<Queue> make();

  /// Appends some work and returns its position, from 1.
  long add(std::function<void()> work);

  /// The position of the last work so far.
  long end();

  /// Whether the work up to a position is done; it is begun if not.
  bool isDone(long position);

  /// Returns once the work up to a position is done.
  void wait(long position);

  /// Ends the thread when all is done.
  void close();

 private:
  using Clock = std::chrono::steady_clock;

  /// How long work lies that nobody waits for.
  static constexpr std::chrono::milliseconds delay{2};

  struct Work {
    std::function<void()> run;
    Clock::time_point due;
  };

  std::mutex lock;
  std::condition_variable changed;
  std::deque<Work> waiting;
  long added = 0, done = 0, wanted = 0;
  bool isClosed = false;

  void run();
};

#endif
