// cuDNN: convolutions of images that are stored one after another, channel by channel or pixel by pixel.
#include <cstring>
#include <vector>

#include "Blocks.h"
#include "Interface.h"
#include "Streams.h"

struct dt_cudnn_handle {
  dt_stream stream;
};

/// Four dimensions, the type of the elements, and whether those of the second dimension are neighbours.
struct dt_cudnn_tensor {
  int type, isChannelsLast, size[4];

  /// The place in memory of an element.
  long operator()(long a, long b, long c, long d) const {
    return isChannelsLast ? ((a * size[2] + c) * size[3] + d) * size[1] + b
                          : ((a * size[1] + b) * size[2] + c) * size[3] + d;
  }
};

struct dt_cudnn_filter : dt_cudnn_tensor {};

struct dt_cudnn_convolution {
  int padding[2], stride[2], dilation[2], groups, math;
};

namespace {

enum Status {
  success = 0,
  notInitialized = 1001,
  notLoaded = 1008,
  badParameter = 2000,
  notSupported = 3000,
  notCompiled = 4001,
  badLaunch = 4005
};
enum Type { float32 = 0, bfloat16 = 9 };
enum Format { channelsFirst = 0, channelsLast = 1 };
enum Math { defaultMath = 0, tensorCores = 1, fusedMultiplyAdd = 3 };

// What the emulated library can do of each operation. It lists first what a caller may not use, and then what it offers
// and refuses, as the real one may.
enum Algorithm { unordered = 0, ordered = 1, unavailable = 2, refused = 3 };
constexpr size_t workspaceBytes = 1000;

/// An array of device memory as numbers.
struct Elements {
  int type;
  void *start;

  float at(long i) const {
    if (type == float32) return static_cast<const float *>(start)[i];
    return __uint_as_float((unsigned)static_cast<const unsigned short *>(start)[i] << 16);
  }
  void set(long i, double value) const {
    if (type == float32) {
      static_cast<float *>(start)[i] = (float)value;
    } else {
      static_cast<unsigned short *>(start)[i] = __float_as_uint(emulator::withoutBits((float)value, 16)) >> 16;
    }
  }
};

long count(const int (&size)[4]) { return (long)size[0] * size[1] * size[2] * size[3]; }

/// Calls body(image, filter, output) with the places of all products of the convolution.
template <class Body>
void forEachProduct(const dt_cudnn_convolution &c, const dt_cudnn_tensor &image, const dt_cudnn_tensor &filter,
                    const dt_cudnn_tensor &output, const Body &body) {
  const int filters = filter.size[0] / c.groups;
  for (int n = 0; n < output.size[0]; n++)
    for (int o = 0; o < output.size[1]; o++)
      for (int y = 0; y < output.size[2]; y++)
        for (int x = 0; x < output.size[3]; x++)
          for (int channel = 0; channel < filter.size[1]; channel++)
            for (int ky = 0; ky < filter.size[2]; ky++)
              for (int kx = 0; kx < filter.size[3]; kx++) {
                const int row = y * c.stride[0] - c.padding[0] + ky * c.dilation[0];
                const int column = x * c.stride[1] - c.padding[1] + kx * c.dilation[1];
                if (row < 0 || row >= image.size[2] || column < 0 || column >= image.size[3]) continue;
                body(image(n, o / filters * filter.size[1] + channel, row, column), filter(o, channel, ky, kx),
                     output(n, o, y, x));
              }
}

enum class Result { image, filter, output };

/// One operation: the sums of products of the two arrays that are not its result.
int compute(Result result, dt_dnn handle, const void *alpha, dt_dnn_tensor imageType, const void *image,
            dt_dnn_filter filterType, const void *filter, dt_dnn_tensor outputType, const void *output,
            dt_dnn_convolution convolution, int algorithm, void *workspace, size_t bytes, const void *beta) {
  for (const void *array : {image, filter, output, (const void *)workspace})
    emulator::requireDeviceAddress(array, "an array of cuDNN's");
  // A real one may refuse packs that are not aligned, by a status that reads as if it could never do this.
  for (const void *array : {image, filter, output})
    if ((uintptr_t)array % 16 != 0) emulator::fail("an array of cuDNN's, %p, is not aligned to 16 bytes", array);
  if (algorithm == refused && result == Result::filter) return notCompiled;
  if (algorithm == refused) return notSupported;
  if (emulator::isToFail("cudnnConvolution"))
    return result == Result::output ? notLoaded : result == Result::image ? badLaunch : notSupported;
  if (algorithm != ordered || bytes < workspaceBytes || !workspace) return badParameter;
  const float scale = *static_cast<const float *>(alpha), kept = *static_cast<const float *>(beta);
  // As an algorithm may that computes packs of channels.
  if (kept != 0 && imageType->size[1] % 2 != 0) return notSupported;
  emulator::submit(handle->stream, "convolution", [=, c = *convolution, imageShape = *imageType,
                                                  filterShape = *filterType, outputShape = *outputType] {
    // TF32 unless it is excluded, as on a GPU that has it.
    const int dropped = imageShape.type == float32 && c.math != fusedMultiplyAdd ? 13 : 0;
    const Elements images{imageShape.type, const_cast<void *>(image)};
    const Elements filters{filterShape.type, const_cast<void *>(filter)};
    const Elements outputs{outputShape.type, const_cast<void *>(output)};
    const auto factor = [&](const Elements &elements, long i) {
      return (double)(dropped ? emulator::withoutBits(elements.at(i), dropped) : elements.at(i));
    };
    const Elements &target = result == Result::image ? images : result == Result::filter ? filters : outputs;
    std::vector<double> sums(result == Result::image    ? count(imageShape.size)
                             : result == Result::filter ? count(filterShape.size)
                                                        : count(outputShape.size));
    forEachProduct(c, imageShape, filterShape, outputShape, [&](long i, long f, long o) {
      switch (result) {
        case Result::image: sums[i] += factor(filters, f) * factor(outputs, o); break;
        case Result::filter: sums[f] += factor(images, i) * factor(outputs, o); break;
        case Result::output: sums[o] += factor(images, i) * factor(filters, f); break;
      }
    });
    memset(workspace, 0xff, bytes);
    // What is multiplied by zero is not read.
    for (long i = 0; i < (long)sums.size(); i++) target.set(i, scale * sums[i] + (kept == 0 ? 0 : kept * target.at(i)));
  });
  return success;
}

int list(const dt_cudnn_tensor &image, const dt_cudnn_tensor &filter, const dt_cudnn_tensor &output,
         const dt_cudnn_convolution &convolution, int room, int *found, dt_dnn_algorithm *algorithms) {
  for (const dt_cudnn_tensor *tensor : {&filter, &output})
    if (tensor->type != image.type || tensor->isChannelsLast != image.isChannelsLast) return badParameter;
  if ((image.type != float32 && image.type != bfloat16) || room < 4) return badParameter;
  const int math = convolution.math;
  algorithms[0] = {unavailable, notSupported, -1, workspaceBytes, 1, math, {}};
  algorithms[1] = {unordered, success, 1, 0, 0, math, {}};
  algorithms[2] = {refused, success, 2, 0, 1, math, {}};
  algorithms[3] = {ordered, success, 3, workspaceBytes, 1, math, {}};
  *found = 4;
  return success;
}

int size(int algorithm, size_t *bytes) {
  *bytes = algorithm == ordered ? workspaceBytes : 0;
  return algorithm == ordered || algorithm == refused ? success : notSupported;
}

}  // namespace

extern "C" {

size_t cudnnGetVersion() { return 99900; }

size_t cudnnGetCudartVersion() { return 13000; }

const char *cudnnGetErrorString(int) { return "of the emulated cuDNN"; }

int cudnnCreate(dt_dnn *handle) {
  if (emulator::isToFail("cudnnCreate")) return notInitialized;
  *handle = new dt_cudnn_handle{};
  return success;
}

int cudnnSetStream(dt_dnn handle, dt_stream stream) {
  handle->stream = stream;
  return success;
}

int cudnnCreateTensorDescriptor(dt_dnn_tensor *tensor) {
  *tensor = new dt_cudnn_tensor;
  return success;
}

int cudnnSetTensor4dDescriptor(dt_dnn_tensor tensor, int format, int type, int count, int channels, int height,
                               int width) {
  *tensor = {type, format == channelsLast, {count, channels, height, width}};
  return format == channelsFirst || format == channelsLast ? success : notSupported;
}

int cudnnDestroyTensorDescriptor(dt_dnn_tensor tensor) {
  delete tensor;
  return success;
}

int cudnnCreateFilterDescriptor(dt_dnn_filter *filter) {
  *filter = new dt_cudnn_filter;
  return success;
}

int cudnnSetFilter4dDescriptor(dt_dnn_filter filter, int type, int format, int count, int channels, int height,
                               int width) {
  *filter = {{type, format == channelsLast, {count, channels, height, width}}};
  return format == channelsFirst || format == channelsLast ? success : notSupported;
}

int cudnnDestroyFilterDescriptor(dt_dnn_filter filter) {
  delete filter;
  return success;
}

int cudnnCreateConvolutionDescriptor(dt_dnn_convolution *convolution) {
  *convolution = new dt_cudnn_convolution;
  (*convolution)->groups = 1;
  (*convolution)->math = defaultMath;
  return success;
}

int cudnnSetConvolution2dDescriptor(dt_dnn_convolution convolution, int paddingHeight, int paddingWidth,
                                    int strideHeight, int strideWidth, int dilationHeight, int dilationWidth, int mode,
                                    int computeType) {
  *convolution = {{paddingHeight, paddingWidth},
                  {strideHeight, strideWidth},
                  {dilationHeight, dilationWidth},
                  convolution->groups,
                  convolution->math};
  return mode == 1 && computeType == float32 ? success : notSupported;
}

int cudnnSetConvolutionMathType(dt_dnn_convolution convolution, int math) {
  convolution->math = math;
  return math == tensorCores || math == fusedMultiplyAdd ? success : badParameter;
}

int cudnnSetConvolutionGroupCount(dt_dnn_convolution convolution, int groups) {
  convolution->groups = groups;
  return success;
}

int cudnnDestroyConvolutionDescriptor(dt_dnn_convolution convolution) {
  delete convolution;
  return success;
}

int cudnnGetConvolutionForwardAlgorithm_v7(dt_dnn, dt_dnn_tensor x, dt_dnn_filter w, dt_dnn_convolution convolution,
                                           dt_dnn_tensor y, int room, int *count, dt_dnn_algorithm *algorithms) {
  return list(*x, *w, *y, *convolution, room, count, algorithms);
}

int cudnnGetConvolutionBackwardDataAlgorithm_v7(dt_dnn, dt_dnn_filter w, dt_dnn_tensor dy,
                                                dt_dnn_convolution convolution, dt_dnn_tensor dx, int room, int *count,
                                                dt_dnn_algorithm *algorithms) {
  return list(*dx, *w, *dy, *convolution, room, count, algorithms);
}

int cudnnGetConvolutionBackwardFilterAlgorithm_v7(dt_dnn, dt_dnn_tensor x, dt_dnn_tensor dy,
                                                  dt_dnn_convolution convolution, dt_dnn_filter dw, int room,
                                                  int *count, dt_dnn_algorithm *algorithms) {
  return list(*x, *dw, *dy, *convolution, room, count, algorithms);
}

int cudnnGetConvolutionForwardWorkspaceSize(dt_dnn, dt_dnn_tensor, dt_dnn_filter, dt_dnn_convolution, dt_dnn_tensor,
                                            int algorithm, size_t *bytes) {
  return size(algorithm, bytes);
}

int cudnnGetConvolutionBackwardDataWorkspaceSize(dt_dnn, dt_dnn_filter, dt_dnn_tensor, dt_dnn_convolution,
                                                 dt_dnn_tensor, int algorithm, size_t *bytes) {
  return size(algorithm, bytes);
}

int cudnnGetConvolutionBackwardFilterWorkspaceSize(dt_dnn, dt_dnn_tensor, dt_dnn_tensor, dt_dnn_convolution,
                                                   dt_dnn_filter, int algorithm, size_t *bytes) {
  return size(algorithm, bytes);
}

int cudnnConvolutionForward(dt_dnn handle, const void *alpha, dt_dnn_tensor xType, const void *x, dt_dnn_filter wType,
                            const void *w, dt_dnn_convolution convolution, int algorithm, void *workspace,
                            size_t bytes, const void *beta, dt_dnn_tensor yType, void *y) {
  return compute(Result::output, handle, alpha, xType, x, wType, w, yType, y, convolution, algorithm, workspace, bytes,
                 beta);
}

int cudnnConvolutionBackwardData(dt_dnn handle, const void *alpha, dt_dnn_filter wType, const void *w,
                                 dt_dnn_tensor dyType, const void *dy, dt_dnn_convolution convolution, int algorithm,
                                 void *workspace, size_t bytes, const void *beta, dt_dnn_tensor dxType, void *dx) {
  return compute(Result::image, handle, alpha, dxType, dx, wType, w, dyType, dy, convolution, algorithm, workspace,
                 bytes, beta);
}

int cudnnConvolutionBackwardFilter(dt_dnn handle, const void *alpha, dt_dnn_tensor xType, const void *x,
                                   dt_dnn_tensor dyType, const void *dy, dt_dnn_convolution convolution, int algorithm,
                                   void *workspace, size_t bytes, const void *beta, dt_dnn_filter dwType, void *dw) {
  return compute(Result::filter, handle, alpha, xType, x, dwType, dw, dyType, dy, convolution, algorithm, workspace,
                 bytes, beta);
}

}  // extern "C"
