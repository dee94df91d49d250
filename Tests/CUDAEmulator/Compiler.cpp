// NVRTC, whose programs are names: the kernels themselves are part of the emulator.
#include <string>

#include "Interface.h"

struct dt_nvrtc_program {
  std::string image;
};

namespace {
enum Status { success = 0, compilationError = 6 };
constexpr char log[] = "";
}  // namespace

extern "C" {

int nvrtcVersion(int *major, int *minor) {
  *major = 13;
  // No real version, so that a real GPU is never given what is cached for this one.
  *minor = 99;
  return success;
}

const char *nvrtcGetErrorString(int status) {
  return status == success ? "NVRTC_SUCCESS" : "NVRTC_ERROR_COMPILATION";
}

int nvrtcGetNumSupportedArchs(int *count) {
  *count = 2;
  return success;
}

int nvrtcGetSupportedArchs(int *architectures) {
  architectures[0] = 80;
  architectures[1] = 90;
  return success;
}

int nvrtcCreateProgram(dt_program *program, const char *, const char *name, int, const char *const *, const char *const *) {
  *program = new dt_nvrtc_program{std::string("kernels of the emulator: ") + name};
  return success;
}

int nvrtcDestroyProgram(dt_program *program) {
  delete *program;
  *program = nullptr;
  return success;
}

int nvrtcCompileProgram(dt_program, int optionCount, const char *const *options) {
  return optionCount > 0 && std::string(options[0]) == "--gpu-architecture=sm_90" ? success : compilationError;
}

int nvrtcGetProgramLogSize(dt_program, size_t *bytes) {
  *bytes = sizeof log;
  return success;
}

int nvrtcGetProgramLog(dt_program, char *text) {
  *text = 0;
  return success;
}

int nvrtcGetCUBINSize(dt_program program, size_t *bytes) {
  *bytes = program->image.size();
  return success;
}

int nvrtcGetCUBIN(dt_program program, char *image) {
  program->image.copy(image, program->image.size());
  return success;
}

int nvrtcGetPTXSize(dt_program program, size_t *bytes) { return nvrtcGetCUBINSize(program, bytes); }

int nvrtcGetPTX(dt_program program, char *image) { return nvrtcGetCUBIN(program, image); }

}  // extern "C"
