#include "Blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "SharedMemory.h"

dim3 threadIdx, blockIdx, blockDim, gridDim;
thread_local const char *emulator::nameOfWork;

// dt_emulator_switch(from, to) stores the registers that a call keeps and the stack pointer in *from, and goes on where
// `to` was stored.
#ifdef __APPLE__
#define SYMBOL(name) "_" #name
#else
#define SYMBOL(name) #name
#endif
extern "C" void dt_emulator_switch(void **from, void *to);
#if defined(__x86_64__)
asm(".text\n.globl " SYMBOL(dt_emulator_switch) "\n" SYMBOL(dt_emulator_switch) ":\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, (%rdi)\nmov %rsi, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
#elif defined(__aarch64__)
asm(".text\n.globl " SYMBOL(dt_emulator_switch) "\n.p2align 2\n" SYMBOL(dt_emulator_switch) ":\n"
    "sub sp, sp, #160\n"
    "stp x19, x20, [sp]\nstp x21, x22, [sp, #16]\nstp x23, x24, [sp, #32]\nstp x25, x26, [sp, #48]\n"
    "stp x27, x28, [sp, #64]\nstp x29, x30, [sp, #80]\n"
    "stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\nstp d12, d13, [sp, #128]\nstp d14, d15, [sp, #144]\n"
    "mov x9, sp\nstr x9, [x0]\nmov sp, x1\n"
    "ldp x19, x20, [sp]\nldp x21, x22, [sp, #16]\nldp x23, x24, [sp, #32]\nldp x25, x26, [sp, #48]\n"
    "ldp x27, x28, [sp, #64]\nldp x29, x30, [sp, #80]\n"
    "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\nldp d12, d13, [sp, #128]\nldp d14, d15, [sp, #144]\n"
    "add sp, sp, #160\nret\n");
#else
#error "the emulator of CUDA knows x86-64 and arm64"
#endif

namespace emulator {
namespace {

constexpr size_t stackBytes = 256 << 10;
constexpr int warpSize = 32, largestBlock = 1024;

enum class State { ready, atBlockBarrier, atWarpExchange, returned };

/// Where a call stands in the source.
struct Place {
  const char *file;
  int line;
};

struct Thread {
  State state;
  dim3 index;
  unsigned mask;
  int exchanges;
  Place barrier;
  void *stackPointer;
};

/// An order in which threads of a warp, warps of a block or blocks of a kernel take turns, and in which any two come the
/// other way round as often as not. A GPU promises none, so that each launch has others: what races shows.
class Order {
 public:
  explicit Order(unsigned count) : count(count), places(1) {
    static std::minstd_rand numbers;
    while (places < count) places *= 2;
    flip = numbers() & (places - 1);
  }

  template <class Body> void visit(const Body &body) const {
    for (unsigned i = 0; i < places; i++)
      if ((i ^ flip) < count) body(i ^ flip);
  }

 private:
  unsigned count, places, flip;
};

struct Warp {
  // Those of the exchange that threads write to and of the one before, which some may still be reading.
  uint64_t values[2][warpSize];
};

Thread threads[largestBlock];
Warp warps[largestBlock / warpSize];
int threadCount, current;
char *stacks;
void *schedulerStack;
/// The kernel that runs now.
const std::function<void()> *kernel;

std::map<std::string, Kernel> &kernels() {
  static auto &kernels = *new std::map<std::string, Kernel>;
  return kernels;
}

void suspend(State state) {
  Thread &thread = threads[current];
  thread.state = state;
  dt_emulator_switch(&thread.stackPointer, schedulerStack);
}

void runThread() {
  (*kernel)();
  suspend(State::returned);
}

/// A stack on which the first switch to it calls `runThread`.
void prepare(int place) {
  char *top = stacks + (place + 1) * stackBytes;
#if defined(__x86_64__)
  void **frame = reinterpret_cast<void **>(top) - 8;
  memset(frame, 0, 8 * sizeof *frame);
  frame[6] = reinterpret_cast<void *>(runThread);
#else
  void **frame = reinterpret_cast<void **>(top) - 20;
  memset(frame, 0, 20 * sizeof *frame);
  frame[11] = reinterpret_cast<void *>(runThread);
#endif
  threads[place].stackPointer = frame;
  threads[place].state = State::ready;
  threads[place].exchanges = 0;
}

void resume(int place) {
  current = place;
  threadIdx = threads[place].index;
  dt_emulator_switch(&schedulerStack, threads[place].stackPointer);
}

/// Lets the threads of an exchange go on, once all that their masks name have come to it.
bool completeExchange(int first, int count) {
  bool waits = false;
  for (int i = first; i < first + count; i++) waits |= threads[i].state == State::atWarpExchange;
  if (!waits) return false;
  for (int i = first; i < first + count; i++) {
    if (threads[i].state != State::atWarpExchange) continue;
    for (int other = 0; other < warpSize; other++)
      if (threads[i].mask >> other & 1 &&
          (other >= count || threads[first + other].state != State::atWarpExchange ||
           threads[first + other].exchanges != threads[i].exchanges))
        fail("%s: thread %d exchanges values with lane %d of its warp, which does not take part", nameOfWork, i, other);
  }
  for (int i = first; i < first + count; i++)
    if (threads[i].state == State::atWarpExchange) threads[i].state = State::ready;
  return true;
}

void runWarp(int first, int count, const Order &lanes) {
  do {
    lanes.visit([=](int lane) {
      if (lane < count && threads[first + lane].state == State::ready) resume(first + lane);
    });
  } while (completeExchange(first, count));
}

/// Lets the threads of the block go on, once all that have not returned wait at one barrier; whether there are any.
bool completeBarrier() {
  const Thread *waiting = nullptr;
  for (int i = 0; i < threadCount; i++) {
    Thread &thread = threads[i];
    if (thread.state == State::returned) continue;
    if (!waiting) waiting = &thread;
    if (thread.barrier.line != waiting->barrier.line || strcmp(thread.barrier.file, waiting->barrier.file) != 0)
      fail("%s: threads of a block wait at two barriers, %s:%d and %s:%d", nameOfWork, waiting->barrier.file,
           waiting->barrier.line, thread.barrier.file, thread.barrier.line);
    thread.state = State::ready;
  }
  return waiting;
}

void runBlock(const Order &warpOrder, const Order &lanes) {
  for (int i = 0; i < threadCount; i++) prepare(i);
  do {
    warpOrder.visit([&](int warp) {
      const int first = warp * warpSize;
      runWarp(first, std::min(threadCount - first, warpSize), lanes);
    });
  } while (completeBarrier());
}

}  // namespace

void add(const char *name, const Kernel &kernel) {
  if (!kernels().emplace(name, kernel).second) fail("two kernels have the name %s", name);
}

const Kernel *find(const char *name) {
  const auto found = kernels().find(name);
  return found == kernels().end() ? nullptr : &found->second;
}

void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  fputs("emulated GPU: ", stderr);
  vfprintf(stderr, format, values);
  fputs("\n", stderr);
  va_end(values);
  abort();
}

void failAtWork(const char *what) {
  if (!kernel) fail("%s: %s", nameOfWork ? nameOfWork : "outside of a stream", what);
  fail("%s: %s, by thread (%u, %u, %u) of block (%u, %u, %u)", nameOfWork, what, threadIdx.x, threadIdx.y, threadIdx.z,
       blockIdx.x, blockIdx.y, blockIdx.z);
}

void waitForBlock(const char *file, int line) {
  threads[current].barrier = {file, line};
  suspend(State::atBlockBarrier);
}

int lane() { return current % warpSize; }

uint64_t exchange(uint64_t value, unsigned mask, int from) {
  Thread &thread = threads[current];
  uint64_t(&values)[warpSize] = warps[current / warpSize].values[thread.exchanges++ & 1];
  values[lane()] = value;
  thread.mask = mask;
  suspend(State::atWarpExchange);
  return values[from & (warpSize - 1)];
}

void run(const std::function<void()> &work, dim3 blocks, dim3 threadExtent) {
  threadCount = threadExtent.x * threadExtent.y * threadExtent.z;
  if (!stacks) {
    void *memory =
        mmap(nullptr, largestBlock * stackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) fail("no memory for the stacks of %d threads", largestBlock);
    stacks = static_cast<char *>(memory);
  }
  kernel = &work;
  gridDim = blocks;
  blockDim = threadExtent;
  for (int i = 0; i < threadCount; i++) {
    const unsigned place = i;
    threads[i].index = {place % threadExtent.x, place / threadExtent.x % threadExtent.y,
                        place / threadExtent.x / threadExtent.y};
  }
  SharedMemory shared(nameOfWork);
  const Order warpOrder((threadCount + warpSize - 1) / warpSize), lanes(warpSize);
  Order(blocks.x * blocks.y * blocks.z).visit([&](unsigned block) {
    blockIdx = {block % blocks.x, block / blocks.x % blocks.y, block / blocks.x / blocks.y};
    shared.restore();
    runBlock(warpOrder, lanes);
  });
  kernel = nullptr;
}

}  // namespace emulator
