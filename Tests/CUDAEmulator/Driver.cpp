// The parts of libcuda that the CUDA backend calls, on the processor, but for streams: memory is the processor's, and
// kernels are those built into this library. There are four GPUs, or as many as CUDA_VISIBLE_DEVICES names.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "Blocks.h"
#include "Interface.h"
#include "Memory.h"
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

emulator::Blocks &device = *new emulator::Blocks;
/// Memory of the processor that copies read and write when it is their turn.
emulator::Blocks &pinned = *new emulator::Blocks;

thread_local dt_context context;

/// Fails unless memory is that of the GPU that this thread's calls are for.
void requireDevice(const void *pointer, size_t bytes, const char *call) {
  if (bytes == 0) return;
  const emulator::Blocks::Block block = device.around(pointer, bytes);
  if (block.end == 0) emulator::fail("%s: %zu bytes at %p are not on the device", call, bytes, pointer);
  if (block.context != context) emulator::fail("%s: %zu bytes at %p are on another GPU", call, bytes, pointer);
}

void requireHost(const void *pointer, const char *call) {
  if (device.around(pointer, 0).end != 0)
    emulator::fail("%s: %p is on the device, not in the processor's memory", call, pointer);
}

}  // namespace

dt_context emulator::currentContext() { return context; }

void emulator::requireDeviceAddress(const void *pointer, const char *what) {
  if (!pointer) return;
  const Blocks::Block block = device.around(pointer, 0);
  if (block.end == 0) fail("%s, %p, is no address of device memory", what, pointer);
  if (block.context != context) fail("%s, %p, is an address of another GPU", what, pointer);
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

int cuDevicePrimaryCtxRetain(dt_context *context, int device) {
  static char made[64];
  if (device < 0 || device >= (int)sizeof made) return invalidValue;
  *context = reinterpret_cast<dt_context>(&made[device]);
  return success;
}

int cuCtxSetCurrent(dt_context chosen) {
  context = chosen;
  return success;
}

/// All GPUs together have as many bytes as EMULATED_CUDA_MEMORY says.
int cuMemGetInfo_v2(size_t *free, size_t *total) {
  const char *limit = getenv("EMULATED_CUDA_MEMORY");
  *total = limit ? strtoull(limit, nullptr, 10) : size_t(1) << 40;
  *free = *total - std::min(*total, device.byteCount());
  return success;
}

int cuMemAlloc_v2(void **address, size_t bytes) {
  size_t free, total;
  cuMemGetInfo_v2(&free, &total);
  if (bytes == 0) return invalidValue;
  if (bytes > free) return outOfMemory;
  *address = emulator::allocate(bytes);
  if (!*address) return outOfMemory;
  device.add(*address, bytes, context);
  return success;
}

/// Waits for the GPU, as the real one.
int cuMemFree_v2(void *address) {
  const emulator::Blocks::Block block = device.at(address);
  if (block.end == 0) return invalidValue;
  emulator::finishAll(block.context);
  device.remove(address);
  emulator::release(address, block.end - reinterpret_cast<uintptr_t>(address));
  return success;
}

int cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  *pointer = aligned_alloc(4096, (bytes + 4095) & ~size_t(4095));
  if (!*pointer) return outOfMemory;
  pinned.add(*pointer, bytes);
  return success;
}

int cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned) {
  requireHost(pointer, "cuMemHostRegister");
  pinned.add(pointer, bytes);
  return success;
}

int cuMemHostUnregister(void *pointer) { return pinned.remove(pointer) ? success : invalidValue; }

int cuMemFreeHost(void *pointer) {
  if (!pinned.remove(pointer)) return invalidValue;
  free(pointer);
  return success;
}

int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t bytes, dt_stream stream) {
  if (emulator::isCaptured(stream)) return captureUnsupported;
  requireDevice(to, bytes, "cuMemcpyHtoDAsync");
  requireHost(from, "cuMemcpyHtoDAsync");
  if (pinned.around(from, bytes).end != 0) {
    emulator::submit(stream, "upload", [=] { memcpy(to, from, bytes); });
  } else {
    // The real one has copied what is not pinned on return.
    const char *start = static_cast<const char *>(from);
    emulator::submit(stream, "upload", [to, copy = std::vector<char>(start, start + bytes)] {
      memcpy(to, copy.data(), copy.size());
    });
  }
  return success;
}

int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t bytes, dt_stream stream) {
  if (emulator::isCaptured(stream)) return captureUnsupported;
  requireDevice(from, bytes, "cuMemcpyDtoHAsync");
  requireHost(to, "cuMemcpyDtoHAsync");
  emulator::submit(stream, "download", [=] { memcpy(to, from, bytes); });
  if (pinned.around(to, bytes).end == 0) emulator::finish(stream);
  return success;
}

int cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t bytes, dt_stream stream) {
  requireDevice(to, bytes, "cuMemcpyDtoDAsync");
  requireDevice(from, bytes, "cuMemcpyDtoDAsync");
  emulator::submit(stream, "copy", [=] { memmove(to, from, bytes); });
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

int cuLaunchKernel(dt_function function, unsigned blocksX, unsigned blocksY, unsigned blocksZ, unsigned threadsX,
                   unsigned threadsY, unsigned threadsZ, unsigned sharedBytes, dt_stream stream, void **arguments, void **) {
  const size_t blockCount = size_t(blocksX) * blocksY * blocksZ, threadCount = size_t(threadsX) * threadsY * threadsZ;
  if (blockCount == 0 || blocksX > INT32_MAX || blocksY > 65535 || blocksZ > 65535 || threadCount == 0 ||
      threadsZ > 64 || sharedBytes > 0)
    return invalidValue;
  const char *name = reinterpret_cast<const char *>(function);
  const emulator::Kernel &kernel = *emulator::find(name);
  if (threadCount > kernel.threads) return invalidValue;
  const dim3 blocks = {blocksX, blocksY, blocksZ}, threads = {threadsX, threadsY, threadsZ};
  emulator::submit(stream, name, [=, work = kernel.thunk(arguments)] { emulator::run(work, blocks, threads); });
  return success;
}

}  // extern "C"
