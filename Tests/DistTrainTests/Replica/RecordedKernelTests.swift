import Autograd
import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

/// What a recorded step consists of. The emulator prints that where its variable is set: in a process of its own.
@Suite(.enabled(if: !EmulatedGPU.isReal, "a driver does not tell what it recorded"))
struct RecordedKernelTests {
  @Test func `a recorded step of a residual network has these kernels`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      setenv("EMULATED_CUDA_GRAPHS", "yes", 1)
      let model = Sequential(
        Conv2d(1, 4, kernel: 3, padding: 1, bias: false), BatchNorm2d(4), ReLU(), ResidualBlock(4, 4),
        ResidualBlock(4, 8, stride: 2), AvgPool2d(4), Flatten(), Linear(8, 3))
      let replica = try Replica(
        model.to(EmulatedGPU.device()), SGD.Options(learningRate: 0.01), communicator: LocalCommunicator(),
        recordsSteps: true)
      let batch = Batch(inputs: .ones([2, 1, 8, 8]), targets: Tensor([0, 1]))
      for _ in 0..<3 { _ = try replica.step(batch) }
    }
    let recorded = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    // What is normalized, with ReLU or residual or without; running statistics follow where the moments are found.
    let (norm, gradient) =
      (
        "moments_of_groups_f32 batch_normalize_f32",
        "batch_gradient_sums_of_groups_f32 batch_gradient_f32"
      )
    let forward = [
      "convolution \(norm)", "convolution \(norm) convolution \(norm)",
      "convolution \(norm) convolution convolution \(norm) \(norm)",
      "average_pool_f32 copy_32 product cross_entropy_f32 sum_rows_f32",
    ]
    // No addition: a convolution adds to the gradient that is there, and parameters' are written to the arena.
    let backward = [
      "cross_entropy_gradient_f32 product product sum_columns_f32 average_pool_spread_f32",
      "\(gradient) \(gradient) convolution convolution convolution convolution \(gradient) convolution convolution",
      "\(gradient) convolution convolution \(gradient) convolution convolution", "\(gradient) convolution",
    ]
    #expect(recorded == "recorded: " + (forward + backward).joined(separator: " ") + " sgd_f32\n")
  }

  @Test func `a recorded step in bfloat16 has these kernels`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      setenv("EMULATED_CUDA_GRAPHS", "yes", 1)
      try withProductPrecision(.bfloat16) {
        let model = Sequential(
          Conv2d(2, 4, kernel: 3, bias: false), ReLU(), Conv2d(4, 4, kernel: 3, bias: false), ReLU(),
          Conv2d(4, 4, kernel: 1, bias: false), AvgPool2d(4), Flatten(), Linear(4, 512), ReLU(), Dropout(0.1),
          Linear(512, 512), Linear(512, 3))
        let replica = try Replica(
          model.to(EmulatedGPU.device()), SGD.Options(learningRate: 0.01), communicator: LocalCommunicator(),
          recordsSteps: true)
        let batch = Batch(inputs: .ones([512, 2, 8, 8]), targets: .zeros([512], dtype: .int64))
        for _ in 0..<3 { _ = try replica.step(batch) }
      }
    }
    let recorded = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    // Weights and biases were rounded and brought into order before all that, by one kernel.
    let forward = [
      "transpose_narrow_f32_bf16 convolution relu_bf16 convolution relu_bf16",
      "convolution average_pool_bf16 product_bias_relu dropout_bf16",
      "product_bias copy_32 product cross_entropy_f32 sum_rows_f32",
    ]
    // The images of the batch, and images' gradients in float32, are rounded for each of the convolutions that take them.
    let backward = [
      "cross_entropy_gradient_f32 round_bf16 product product sum_columns_f32 sum_parts_f32",
      "product product sum_columns_bf16 sum_parts_f32 dropout_bf16",
      "reluGradient_sums_bf16 gradient_sums_of_parts_f32 product product",
      "average_pool_spread_f32 transpose_narrow_f32_bf16 convolution transpose_narrow_f32_bf16 convolution widen_bf16",
      "reluGradient_bf16 convolution convolution transpose_narrow_bf16_f32",
      "reluGradient_bf16 transpose_narrow_f32_bf16 convolution transpose_narrow_bf16_f32",
    ]
    #expect(recorded == "recorded: " + (forward + backward).joined(separator: " ") + " sgd_f32\n")
  }

  @Test func `a recorded step of a transformer has these kernels`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      setenv("EMULATED_CUDA_GRAPHS", "yes", 1)
      var options = TransformerEncoderLayer.Options(feedForward: 8, dropout: 0)
      (options.activation, options.normFirst) = (.gelu, true)
      let layers = (0..<2).map { _ in TransformerEncoderLayer(4, heads: 1, options) }
      let model = Sequential(Unflatten(1, [3, 4]), Linear(4, 4), layers[0], layers[1], Flatten(), Linear(12, 3))
      let replica = try Replica(
        model.to(EmulatedGPU.device()), SGD.Options(learningRate: 0.01), communicator: LocalCommunicator(),
        recordsSteps: true)
      let batch = Batch(inputs: .ones([2, 12]), targets: Tensor([0, 1]))
      for _ in 0..<3 { _ = try replica.step(batch) }
    }
    let recorded = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    // Rows are normalized by one kernel. Where they go on beside what is made of them, the gradient of the normalization
    // is added by the kernel that computes it. Where the heads of an attention are is written before, once.
    let (norm, gradient) = ("row_normalize_f32", "row_gradient_f32 row_parameters_of_columns_f32")
    let (linear, ofLinear) = ("copy_128 product", "product product sum_columns_f32")
    let forward =
      "\(norm) \(linear) product attention_weights_f32 product \(linear) add_f32 "
      + "\(norm) \(linear) gelu_f32 \(linear) add_f32"
    let backward =
      "\(ofLinear) geluGradient_sums_f32 product product \(gradient) \(ofLinear) "
      + "product attention_weights_f32 product product attention_weights_gradient_f32 product product "
      + "\(ofLinear) \(gradient)"
    let all = [
      linear, forward, forward, "copy_32 product cross_entropy_f32 sum_rows_f32 cross_entropy_gradient_f32",
      ofLinear, backward, backward, "product sum_columns_f32 sgd_f32",
    ]
    #expect(recorded == "recorded: " + all.joined(separator: " ") + "\n")
  }
}
