#include "CCUDA.h"

#include <dlfcn.h>

#define DEFINE(result, name, parameters, arguments) \
  static result(*name##_pointer) parameters; \
  result dt_##name parameters { return name##_pointer arguments; }
DT_DRIVER_FUNCTIONS(DEFINE)
DT_NVRTC_FUNCTIONS(DEFINE)
DT_CUBLAS_FUNCTIONS(DEFINE)
DT_CUBLASLT_FUNCTIONS(DEFINE)
DT_CUDNN_FUNCTIONS(DEFINE)
DT_NCCL_FUNCTIONS(DEFINE)

// A pointer to a function may not be assigned from one to an object, except through memory, as POSIX has it.
#define BIND(result, name, parameters, arguments) *(void **)&name##_pointer = dlsym(library, #name);
#define REQUIRE(result, name, parameters, arguments) \
  if (!dlsym(library, #name)) return #name;

const char *dt_bind_driver(void *library) {
  DT_DRIVER_FUNCTIONS(REQUIRE)
  DT_DRIVER_FUNCTIONS(BIND)
  return NULL;
}

const char *dt_bind_nvrtc(void *library) {
  DT_NVRTC_FUNCTIONS(REQUIRE)
  DT_NVRTC_FUNCTIONS(BIND)
  return NULL;
}

const char *dt_bind_cublas(void *library) {
  DT_CUBLAS_FUNCTIONS(REQUIRE)
  DT_CUBLAS_FUNCTIONS(BIND)
  return NULL;
}

const char *dt_bind_cublaslt(void *library) {
  DT_CUBLASLT_FUNCTIONS(REQUIRE)
  DT_CUBLASLT_FUNCTIONS(BIND)
  return NULL;
}

const char *dt_bind_cudnn(void *library) {
  DT_CUDNN_FUNCTIONS(REQUIRE)
  DT_CUDNN_FUNCTIONS(BIND)
  return NULL;
}

int dt_nvrtc_toolkit(void *library) {
  int (*version)(int *, int *), major, minor;
  *(void **)&version = dlsym(library, "nvrtcVersion");
  return version && version(&major, &minor) == 0 ? major : 0;
}

static int major_by_property(void *library, const char *name) {
  int (*property)(int, int *), major;
  *(void **)&property = dlsym(library, name);
  return property && property(0, &major) == 0 ? major : 0;
}

int dt_cublas_toolkit(void *library) { return major_by_property(library, "cublasGetProperty"); }

int dt_cublaslt_toolkit(void *library) { return major_by_property(library, "cublasLtGetProperty"); }

int dt_cudnn_toolkit(void *library) {
  size_t (*version)(void);
  *(void **)&version = dlsym(library, "cudnnGetCudartVersion");
  return version ? (int)(version() / 1000) : 0;
}

const char *dt_bind_nccl(void *library) {
  DT_NCCL_FUNCTIONS(REQUIRE)
  DT_NCCL_FUNCTIONS(BIND)
  return NULL;
}

static _Thread_local dt_context current;

int dt_enter(dt_context context) {
  if (current == context) return 0;
  int status = dt_cuCtxSetCurrent(context);
  if (status == 0) current = context;
  return status;
}
