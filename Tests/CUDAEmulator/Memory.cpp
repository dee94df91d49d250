#include "Memory.h"

#include <sys/mman.h>

#include <cstring>

#include "CUDAEmulator.h"

namespace emulator {
namespace {

/// What a driver aligns memory to.
constexpr size_t alignment = 256;
/// The largest page of the systems at hand.
constexpr size_t page = 16 << 10;
/// Before and after a block there is no memory for so many bytes.
constexpr size_t gap = 1 << 20;
constexpr int unwritten = 0xff;

size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

void Blocks::add(const void *start, size_t bytes, dt_context context) {
  std::lock_guard<std::mutex> guard(lock);
  blocks[reinterpret_cast<uintptr_t>(start)] = {reinterpret_cast<uintptr_t>(start) + bytes, context};
}

bool Blocks::remove(const void *start) {
  std::lock_guard<std::mutex> guard(lock);
  return blocks.erase(reinterpret_cast<uintptr_t>(start)) == 1;
}

Blocks::Block Blocks::around(const void *pointer, size_t bytes) {
  std::lock_guard<std::mutex> guard(lock);
  const uintptr_t start = reinterpret_cast<uintptr_t>(pointer);
  auto block = blocks.upper_bound(start);
  if (block == blocks.begin()) return {};
  --block;
  return start + bytes <= block->second.end ? block->second : Block{};
}

Blocks::Block Blocks::at(const void *start) {
  std::lock_guard<std::mutex> guard(lock);
  const auto block = blocks.find(reinterpret_cast<uintptr_t>(start));
  return block == blocks.end() ? Block{} : block->second;
}

size_t Blocks::byteCount() {
  std::lock_guard<std::mutex> guard(lock);
  size_t sum = 0;
  for (const auto &[start, block] : blocks) sum += block.end - start;
  return sum;
}

void *allocate(size_t bytes) {
  const size_t used = rounded(bytes, alignment), whole = rounded(used, page);
  void *const reserved = mmap(nullptr, whole + 2 * gap, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return nullptr;
  char *const first = static_cast<char *>(reserved) + gap;
  if (mprotect(first, whole, PROT_READ | PROT_WRITE) != 0) return nullptr;
  char *const start = first + whole - used;
  memset(start, unwritten, used);
  return start;
}

void release(void *start, size_t bytes) {
  const size_t used = rounded(bytes, alignment), whole = rounded(used, page);
  const char *const end = static_cast<char *>(start) + bytes;
  for (size_t i = 0; i < used - bytes; i++)
    if (static_cast<unsigned char>(end[i]) != unwritten)
      fail("the byte %zu after the end of %zu bytes of device memory was written", i, bytes);
  char *const first = static_cast<char *>(start) + used - whole;
  // In place of what was there, so that the memory goes back to the system.
  if (mmap(first, whole, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    fail("%zu bytes of device memory cannot be given back", bytes);
}

}  // namespace emulator
