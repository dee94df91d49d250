// The parts of libcuda that the CUDA backend calls, on the processor, but for streams: memory is the processor's, and
// kernels are those built into this library. There are four GPUs, or as many as CUDA_VISIBLE_DEVICES names.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

#include "Blocks.h"
#include "Interface.h"
#include "Streams.h"

namespace {

enum Status {
  success = 0,
  invalidValue = 1,
  outOfMemory = 2,
  invalidImage = 200,
  notFound = 500,
  captureUnsupported = 900
};

constexpr char imageMark[] = "kernels of the emulator: ";

/// For the blocks of memory.
std::mutex turn;

/// The blocks of device memory: the end of each by its start.
std::map<uintptr_t, uintptr_t> &blocks() {
  static std::map<uintptr_t, uintptr_t> blocks;
  return blocks;
}

bool isInDevice(const void *pointer, size_t bytes) {
  std::lock_guard<std::mutex> lock(turn);
  const uintptr_t start = reinterpret_cast<uintptr_t>(pointer);
  auto block = blocks().upper_bound(start);
  if (block == blocks().begin()) return false;
  --block;
  return start + bytes <= block->second;
}

void requireDevice(const void *pointer, size_t bytes, const char *call) {
  if (bytes > 0 && !isInDevice(pointer, bytes))
    emulator::fail("%s: %zu bytes at %p are not on the device", call, bytes, pointer);
}

void requireHost(const void *pointer, const char *call) {
  if (isInDevice(pointer, 0)) emulator::fail("%s: %p is on the device, not in the processor's memory", call, pointer);
}

}  // namespace

void emulator::requireDeviceAddress(const void *pointer, const char *what) {
  if (pointer && !isInDevice(pointer, 0)) fail("%s, %p, is no address of device memory", what, pointer);
}

extern "C" {

int cuInit(unsigned) { return success; }

int cuDriverGetVersion(int *version) {
  *version = 13000;
  return success;
}

int cuGetErrorName(int status, const char **name) {
  *name = status == outOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY"
          : status == notFound  ? "CUDA_ERROR_NOT_FOUND"
                                : "CUDA_ERROR";
  return success;
}

int cuGetErrorString(int, const char **text) {
  *text = "of the emulated driver";
  return success;
}

int cuDeviceGetCount(int *count) {
  const char *visible = getenv("CUDA_VISIBLE_DEVICES");
  *count = visible ? (int)std::count(visible, visible + strlen(visible), ',') + (*visible != 0) : 4;
  return success;
}

int cuDeviceGet(int *device, int index) {
  int count;
  cuDeviceGetCount(&count);
  *device = index;
  return index >= 0 && index < count ? success : invalidValue;
}

int cuDeviceGetName(char *name, int length, int) {
  strncpy(name, "emulated GPU", length);
  return success;
}

int cuDeviceGetAttribute(int *value, int attribute, int) {
  switch (attribute) {
    case 16: *value = 2; return success;
    case 75: *value = 9; return success;
    case 76: *value = 0; return success;
    case 97: *value = 48 << 10; return success;
    default: return invalidValue;
  }
}

int cuDeviceGetUuid_v2(unsigned char *bytes, int device) {
  memset(bytes, 7 + device, 16);
  return success;
}

int cuDevicePrimaryCtxRetain(dt_context *context, int) {
  static char made;
  *context = reinterpret_cast<dt_context>(&made);
  return success;
}

int cuCtxSetCurrent(dt_context) { return success; }

int cuMemGetInfo_v2(size_t *free, size_t *total) {
  *free = *total = size_t(1) << 40;
  return success;
}

int cuMemAlloc_v2(void **address, size_t bytes) {
  std::lock_guard<std::mutex> lock(turn);
  const size_t rounded = (bytes + 255) & ~size_t(255);
  *address = aligned_alloc(256, rounded);
  if (!*address) return outOfMemory;
  // As floating-point numbers not numbers, so that what is read before it is written shows.
  memset(*address, 0xff, rounded);
  const uintptr_t start = reinterpret_cast<uintptr_t>(*address);
  blocks()[start] = start + bytes;
  return success;
}

int cuMemFree_v2(void *address) {
  std::lock_guard<std::mutex> lock(turn);
  if (!blocks().erase(reinterpret_cast<uintptr_t>(address))) return invalidValue;
  free(address);
  return success;
}

int cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  *pointer = aligned_alloc(4096, (bytes + 4095) & ~size_t(4095));
  return *pointer ? success : outOfMemory;
}

int cuMemHostRegister_v2(void *pointer, size_t, unsigned) {
  requireHost(pointer, "cuMemHostRegister");
  return success;
}

int cuMemHostUnregister(void *) { return success; }

int cuMemFreeHost(void *pointer) {
  free(pointer);
  return success;
}

int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t bytes, dt_stream stream) {
  if (emulator::isCaptured(stream)) return captureUnsupported;
  requireDevice(to, bytes, "cuMemcpyHtoDAsync");
  requireHost(from, "cuMemcpyHtoDAsync");
  memcpy(to, from, bytes);
  return success;
}

int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t bytes, dt_stream stream) {
  if (emulator::isCaptured(stream)) return captureUnsupported;
  requireDevice(from, bytes, "cuMemcpyDtoHAsync");
  requireHost(to, "cuMemcpyDtoHAsync");
  memcpy(to, from, bytes);
  return success;
}

int cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t bytes, dt_stream stream) {
  requireDevice(to, bytes, "cuMemcpyDtoDAsync");
  requireDevice(from, bytes, "cuMemcpyDtoDAsync");
  emulator::submit(stream, "copy", [=] { memmove(to, from, bytes); });
  return success;
}

int cuMemsetD8Async(void *address, unsigned char value, size_t bytes, dt_stream stream) {
  requireDevice(address, bytes, "cuMemsetD8Async");
  emulator::submit(stream, "fill", [=] { memset(address, value, bytes); });
  return success;
}

int cuModuleLoadData(dt_module *module, const void *image) {
  if (strncmp(static_cast<const char *>(image), imageMark, sizeof imageMark - 1) != 0) return invalidImage;
  *module = static_cast<dt_module>(malloc(1));
  return success;
}

int cuModuleGetFunction(dt_function *function, dt_module, const char *name) {
  if (!emulator::find(name)) return notFound;
  *function = reinterpret_cast<dt_function>(strdup(name));
  return success;
}

int cuFuncSetAttribute(dt_function, int, int) { return success; }

int cuLaunchKernel(dt_function function, unsigned blocksX, unsigned blocksY, unsigned blocksZ, unsigned threadsX,
                   unsigned threadsY, unsigned threadsZ, unsigned sharedBytes, dt_stream stream, void **arguments, void **) {
  if (threadsX * threadsY * threadsZ > 1024 || threadsZ > 64 || blocksY > 65535 || blocksZ > 65535 || sharedBytes > 0)
    return invalidValue;
  const char *name = reinterpret_cast<const char *>(function);
  const dim3 blocks = {blocksX, blocksY, blocksZ}, threads = {threadsX, threadsY, threadsZ};
  emulator::submit(stream, name, [=, kernel = emulator::find(name)(arguments)] {
    emulator::run(name, kernel, blocks, threads);
  });
  return success;
}

}  // extern "C"
