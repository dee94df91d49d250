// NCCL: sums and gathering over ranks that are threads or processes of one machine, in memory that they share.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>

#include "Blocks.h"
#include "Streams.h"

namespace {

enum Status { success = 0, systemError = 2, internalError = 3, invalidArgument = 4, remoteError = 6 };
enum Type { float32 = 7, float64 = 8 };
enum Operation { sum = 0 };

/// What each rank shows the others at a time.
constexpr size_t pieceBytes = 1 << 16;

struct Meeting {
  std::atomic<int> arrived;
  std::atomic<int> round;
  /// The ranks that have no more calls to make.
  std::atomic<int> left;

  /// Returns once all ranks have called it, or this one ends its sums.
  void wait(int size, const std::atomic<bool> &isAborted) {
    const int now = round.load();
    if (arrived.fetch_add(1) + 1 == size) {
      arrived.store(0);
      round.fetch_add(1);
    } else {
      while (round.load() == now && !isAborted) sched_yield();
    }
  }
};

/// The most ranks of a group.
constexpr int mostRanks = 1024;

/// A rank's view of the memory: the meeting and a mark of each rank, then a piece for each.
struct SharedMemory {
  int size = 0;
  void *start = MAP_FAILED;
  /// Whether this rank waits for no other any more.
  std::atomic<bool> isAborted = false;

  size_t bytes() const { return 4096 + size * pieceBytes; }
  Meeting &meeting() const { return *static_cast<Meeting *>(start); }
  void meet() const { meeting().wait(size, isAborted); }
  /// Whether the rank's part of a sum is recorded work.
  char &isRecorded(int rank) const { return (static_cast<char *>(start) + 4096 - mostRanks)[rank]; }
  char *piece(int rank) const { return static_cast<char *>(start) + 4096 + rank * pieceBytes; }

  bool open(const char *name, int ranks) {
    size = ranks;
    const int file = shm_open(name, O_CREAT | O_RDWR, 0600);
    if (file < 0) return false;
    if (ftruncate(file, (off_t)bytes()) == 0)
      start = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return start != MAP_FAILED;
  }

  ~SharedMemory() {
    if (start != MAP_FAILED) munmap(start, bytes());
  }
};

/// The real library wants what is recorded to be so on all ranks.
void requireUniform(const SharedMemory &memory, int rank, bool isRecorded) {
  memory.isRecorded(rank) = isRecorded;
  memory.meet();
  for (int other = 0; other < memory.size; other++)
    if (memory.isRecorded(other) != isRecorded && !memory.isAborted)
      emulator::fail("NCCL: recorded on rank %d or %d and not on the other", rank, other);
  memory.meet();
}

template <class T> void addUp(const SharedMemory &memory, int rank, const T *source, T *target, size_t count) {
  constexpr size_t most = pieceBytes / sizeof(T);
  for (size_t from = 0; from < count; from += most) {
    const size_t part = std::min(most, count - from);
    memcpy(memory.piece(rank), source + from, part * sizeof(T));
    memory.meet();
    for (size_t i = 0; i < part; i++) {
      T total = 0;
      for (int other = 0; other < memory.size; other++) total += reinterpret_cast<const T *>(memory.piece(other))[i];
      target[from + i] = total;
    }
    memory.meet();
  }
}

/// Each rank shows the others its part, a piece at a time.
void gather(const SharedMemory &memory, int rank, const char *source, char *target, size_t bytes) {
  for (size_t from = 0; from < bytes; from += pieceBytes) {
    const size_t part = std::min(pieceBytes, bytes - from);
    memcpy(memory.piece(rank), source + from, part);
    memory.meet();
    for (int other = 0; other < memory.size; other++)
      memcpy(target + other * bytes + from, memory.piece(other), part);
    memory.meet();
  }
}

}  // namespace

struct dt_nccl_communicator {
  int rank;
  /// Graphs hold it, too.
  std::shared_ptr<SharedMemory> memory;
};

extern "C" {

int ncclGetVersion(int *version) {
  *version = 29900;
  return success;
}

const char *ncclGetErrorString(int) { return "an error"; }

const char *ncclGetLastError(dt_nccl) { return "of the emulated NCCL"; }

int ncclGetUniqueId(dt_nccl_id *id) {
  static std::atomic<int> made;
  snprintf(id->bytes, sizeof id->bytes, "/emulated-nccl-%d-%d", (int)getpid(), made.fetch_add(1));
  return success;
}

int ncclCommInitRank(dt_nccl *communicator, int size, dt_nccl_id id, int rank) {
  if (emulator::isToFail("ncclCommInitRank")) return internalError;
  if (rank < 0 || rank >= size || size > mostRanks) return invalidArgument;
  auto memory = std::make_shared<SharedMemory>();
  if (!memory->open(id.bytes, size)) return systemError;
  memory->meet();
  if (rank == 0) shm_unlink(id.bytes);
  *communicator = new dt_nccl_communicator{rank, std::move(memory)};
  return success;
}

int ncclCommGetAsyncError(dt_nccl, int *status) {
  *status = emulator::isToFail("ncclAllReduce") ? remoteError : success;
  return success;
}

/// Returns only when all graphs with sums of the communicator are gone, and all ranks have left, as that of the real
/// library.
int ncclCommDestroy(dt_nccl communicator) {
  auto &memory = communicator->memory;
  while (memory.use_count() > 1) usleep(100);
  memory->meeting().left++;
  while (memory->meeting().left < memory->size) usleep(100);
  delete communicator;
  return success;
}

/// Returns only when all graphs with sums of the communicator are gone, as that of the real library.
int ncclCommAbort(dt_nccl communicator) {
  auto &memory = communicator->memory;
  memory->isAborted = true;
  while (memory.use_count() > 1) usleep(100);
  memory->meeting().left++;
  delete communicator;
  return success;
}

int ncclAllReduce(const void *source, void *target, size_t count, int type, int operation, dt_nccl communicator,
                  dt_stream stream) {
  for (const void *array : {source, (const void *)target})
    emulator::requireDeviceAddress(array, "an array of NCCL's");
  if (operation != sum || (type != float32 && type != float64)) return invalidArgument;
  emulator::submit(
      stream, "all_reduce",
      [=, rank = communicator->rank, memory = communicator->memory, isRecorded = emulator::isCaptured(stream)] {
        requireUniform(*memory, rank, isRecorded);
        if (type == float32)
          addUp(*memory, rank, static_cast<const float *>(source), static_cast<float *>(target), count);
        else
          addUp(*memory, rank, static_cast<const double *>(source), static_cast<double *>(target), count);
      },
      emulator::Turn::shared);
  return success;
}

int ncclAllGather(const void *source, void *target, size_t count, int type, dt_nccl communicator, dt_stream stream) {
  for (const void *array : {source, (const void *)target})
    emulator::requireDeviceAddress(array, "an array of NCCL's");
  if (type != float32 && type != float64) return invalidArgument;
  const size_t bytes = count * (type == float32 ? sizeof(float) : sizeof(double));
  emulator::submit(
      stream, "all_gather",
      [=, rank = communicator->rank, memory = communicator->memory, isRecorded = emulator::isCaptured(stream)] {
        requireUniform(*memory, rank, isRecorded);
        gather(*memory, rank, static_cast<const char *>(source), static_cast<char *>(target), bytes);
      },
      emulator::Turn::shared);
  return success;
}

}  // extern "C"
