#include "SharedMemory.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

/// The shared memory of all kernels, which the linker puts together.
#ifdef __APPLE__
extern "C" char sharedStart[] asm("section$start$__DATA$emulated_shared");
extern "C" char sharedEnd[] asm("section$end$__DATA$emulated_shared");
#else
extern "C" char sharedStart[] asm("__start_emulated_shared");
extern "C" char sharedEnd[] asm("__stop_emulated_shared");
#endif

namespace emulator {
namespace {

constexpr char unwritten = -1;
/// What was written is found in so many bytes at a time.
constexpr size_t piece = 4096;

/// All of it, unwritten from the first time on.
char *start() {
  static char *const start = static_cast<char *>(memset(sharedStart, unwritten, sharedEnd - sharedStart));
  return start;
}

bool isUnwritten(const char *bytes) {
  static const std::string nothing(piece, unwritten);
  return memcmp(bytes, nothing.data(), piece) == 0;
}

}  // namespace

SharedMemory::SharedMemory(const char *kernel)
    : written([=]() -> Range & {
        static auto &ofKernels = *new std::map<std::string, Range>;
        return ofKernels.try_emplace(kernel, Range{start(), start()}).first->second;
      }()) {}

void SharedMemory::restore() { memset(written.start, unwritten, written.end - written.start); }

SharedMemory::~SharedMemory() {
  char *first = start(), *end = sharedEnd;
  while (size_t(end - first) >= piece && isUnwritten(first)) first += piece;
  while (size_t(end - first) >= piece && isUnwritten(end - piece)) end -= piece;
  if (first < end) {
    const bool isKnown = written.start < written.end;
    written = {isKnown ? std::min(written.start, first) : first, std::max(written.end, end)};
  }
  restore();
}

}  // namespace emulator
