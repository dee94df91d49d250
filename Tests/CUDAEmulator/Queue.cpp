#include "Queue.h"

#include <algorithm>
#include <thread>

std::shared_ptr<Queue> Queue::make() {
  auto queue = std::make_shared<Queue>();
  std::thread([queue] { queue->run(); }).detach();
  return queue;
}

long Queue::add(std::function<void()> work) {
  std::lock_guard<std::mutex> guard(lock);
  waiting.push_back({std::move(work), Clock::now() + delay});
  changed.notify_all();
  return ++added;
}

long Queue::end() {
  std::lock_guard<std::mutex> guard(lock);
  return added;
}

bool Queue::isDone(long position) {
  std::lock_guard<std::mutex> guard(lock);
  if (done >= position) return true;
  wanted = std::max(wanted, position);
  changed.notify_all();
  return false;
}

void Queue::wait(long position) {
  std::unique_lock<std::mutex> guard(lock);
  wanted = std::max(wanted, position);
  changed.notify_all();
  changed.wait(guard, [&] { return done >= position; });
}

void Queue::close() {
  std::lock_guard<std::mutex> guard(lock);
  isClosed = true;
  wanted = added;
  changed.notify_all();
}

void Queue::run() {
  std::unique_lock<std::mutex> guard(lock);
  while (true) {
    changed.wait(guard, [&] { return !waiting.empty() || isClosed; });
    if (waiting.empty()) return;
    changed.wait_until(guard, waiting.front().due, [&] { return wanted > done; });
    const std::function<void()> work = std::move(waiting.front().run);
    waiting.pop_front();
    guard.unlock();
    work();
    guard.lock();
    done++;
    changed.notify_all();
  }
}
